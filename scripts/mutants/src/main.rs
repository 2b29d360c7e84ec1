//! Puts mutants into the source, each behind a switch: one build serves all of them.
//!
//! `switchable-mutants TREE < MUTANTS > SWITCHES`: MUTANTS is a JSON array of what `cargo mutants --list --json` prints, each with a
//! `switch`, a number from 1 on. Every expression (or body of a function) that one of them changes becomes
//! `if crate::mutant_is(switch) { changed } else { as it was }`. SWITCHES is a JSON array of those that are in the source now; two that
//! lie in one another cannot both be.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use proc_macro2::Span;
use serde::Deserialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

#[derive(Clone, Deserialize)]
struct Mutant {
    switch: u32,
    file: String,
    replacement: String,
    span: Place,
    genre: String,
}

/// From the first character to the one behind the last; lines and columns from 1 on.
#[derive(Clone, Copy, Deserialize)]
struct Place {
    start: Position,
    end: Position,
}

#[derive(Clone, Copy, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

/// Bytes of a file.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    start: usize,
    end: usize,
}

impl Bytes {
    fn holds(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

struct Source {
    text: String,
    lines: Vec<usize>,
}

impl Source {
    fn byte(&self, line: usize, column: usize) -> usize {
        let start = self.lines[line - 1];
        self.text[start..].char_indices().nth(column).map_or(self.text.len(), |(offset, _)| start + offset)
    }

    fn of_span(&self, span: Span) -> Bytes {
        let (start, end) = (span.start(), span.end());
        Bytes { start: self.byte(start.line, start.column), end: self.byte(end.line, end.column) }
    }

    fn of_place(&self, place: Place) -> Bytes {
        let byte = |position: Position| self.byte(position.line, position.column - 1);
        Bytes { start: byte(place.start), end: byte(place.end) }
    }
}

/// Finds the smallest expression around a place that is more than the place itself, or the body that is the place.
struct Search<'a> {
    source: &'a Source,
    place: Bytes,
    of_body: bool,
    found: Option<Bytes>,
    in_const: usize,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        let bytes = self.source.of_span(expression.span());
        let is_fit = match expression {
            syn::Expr::Binary(_) | syn::Expr::Unary(_) | syn::Expr::Match(_) | syn::Expr::Struct(_) => true,
            _ => false,
        };
        if is_fit && !self.of_body && self.in_const == 0 && bytes.holds(self.place) {
            self.found = Some(bytes);
        }
        visit::visit_expr(self, expression);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        let bytes = self.source.of_span(block.span());
        if self.of_body && self.in_const == 0 && bytes.holds(self.place) && self.found.is_none_or(|found| found.holds(bytes)) {
            self.found = Some(bytes);
        }
        visit::visit_block(self, block);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.in_const += 1;
        visit::visit_item_const(self, item);
        self.in_const -= 1;
    }

    fn visit_signature(&mut self, _: &'ast syn::Signature) {}

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let is_const = usize::from(item.sig.constness.is_some());
        self.in_const += is_const;
        visit::visit_item_fn(self, item);
        self.in_const -= is_const;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let is_const = usize::from(item.sig.constness.is_some());
        self.in_const += is_const;
        visit::visit_impl_item_fn(self, item);
        self.in_const -= is_const;
    }
}

fn main() {
    let tree = std::env::args().nth(1).expect("the tree");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("mutants");
    let mutants: Vec<Mutant> = serde_json::from_str(&text).expect("mutants");
    let mut files: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    mutants.into_iter().for_each(|mutant| files.entry(mutant.file.clone()).or_default().push(mutant));
    let switches: Vec<u32> = files.iter().flat_map(|(file, mutants)| switch(&Path::new(&tree).join(file), mutants)).collect();
    println!("{}", serde_json::to_string(&switches).expect("numbers"));
}

/// Rewrites a file; gives the switches in it.
fn switch(path: &Path, mutants: &[Mutant]) -> Vec<u32> {
    let text = std::fs::read_to_string(path).expect("a source");
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let source = Source { text, lines };
    let tree = syn::parse_file(&source.text).expect("Rust");
    let mut edits: Vec<(Bytes, String, u32)> = Vec::new();
    for mutant in mutants {
        let place = source.of_place(mutant.span);
        let of_body = mutant.genre == "FnValue";
        let mut search = Search { source: &source, place, of_body, found: None, in_const: 0 };
        search.visit_file(&tree);
        let Some(around) = search.found else { continue };
        if edits.iter().any(|(other, ..)| other.start < around.end && around.start < other.end) {
            continue;
        }
        let part = |bytes: Bytes| &source.text[bytes.start..bytes.end];
        let changed = [&source.text[around.start..place.start], &mutant.replacement, &source.text[place.end..around.end]].concat();
        let test = format!("crate::mutant_is({})", mutant.switch);
        let edit = if of_body {
            let inner = if place.start == around.start { format!("{{ {} }}", mutant.replacement) } else { changed };
            format!("{{ if {test} {inner} else {} }}", part(around))
        } else {
            format!("(if {test} {{ {changed} }} else {{ {} }})", part(around))
        };
        edits.push((around, edit, mutant.switch));
    }
    edits.sort_by_key(|(bytes, ..)| std::cmp::Reverse(bytes.start));
    let mut text = source.text.clone();
    for (bytes, edit, _) in &edits {
        text.replace_range(bytes.start..bytes.end, edit);
    }
    std::fs::write(path, text).expect("written");
    edits.into_iter().map(|(.., switch)| switch).collect()
}
