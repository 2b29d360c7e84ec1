//! Source files, read far enough to know what they define, import and name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// A module's path from the crate's root; the root's is empty.
pub(crate) type Module = Vec<String>;

/// A crate's source files by module.
pub(crate) struct Crate {
    pub(crate) files: BTreeMap<Module, File>,
}

/// What is known of a file. Modules inside it belong to it; unit tests do not.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    /// Lines before the unit tests.
    pub(crate) lines: usize,
    /// Names and lengths of functions, in lines.
    pub(crate) functions: Vec<(String, usize)>,
    /// Names of items.
    pub(crate) defines: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
    /// Paths in the code, of one name or more.
    pub(crate) names: BTreeSet<Vec<String>>,
}

/// One name of a `use` item.
pub(crate) struct Import {
    /// As written: `crate::a::B`, `super::c`, `std::fs`. Without the star of a glob.
    pub(crate) path: Vec<String>,
    /// What it is called here; `*` for a glob.
    pub(crate) name: String,
    pub(crate) is_public: bool,
}

/// The workspace's crates.
pub(crate) fn crates() -> Vec<Crate> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("src").is_dir());
    folders.sort();
    assert!(!folders.is_empty(), "{}: no crates", folder.display());
    folders.iter().map(|folder| read_crate(&folder.join("src"))).collect()
}

fn read_crate(root: &Path) -> Crate {
    let mut files = BTreeMap::new();
    let mut folders = vec![(root.to_path_buf(), Module::new())];
    while let Some((folder, module)) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let child: Module = module.iter().cloned().chain([stem.clone()]).collect();
            if stem == "tests" {
                continue;
            } else if path.is_dir() {
                folders.push((path, child));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let is_face = ["mod", "lib", "main"].contains(&stem.as_str());
                files.insert(if is_face { module.clone() } else { child }, read_file(&path));
            }
        }
    }
    Crate { files }
}

fn read_file(path: &Path) -> File {
    let text = fs::read_to_string(path).unwrap();
    let tests = text.lines().position(|line| line.starts_with("#[cfg(test)]"));
    let lines = tests.unwrap_or_else(|| text.lines().count());
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file = File { path: path.to_path_buf(), lines, ..File::default() };
    file.add_items(&parsed.items);
    file
}

impl File {
    fn add_items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(module) if is_test(&module.attrs) => {}
                Item::Mod(module) => {
                    if let Some((_, items)) = &module.content {
                        self.add_items(items);
                    }
                }
                Item::Use(item) if is_test(&item.attrs) => {}
                Item::Use(item) => {
                    let is_public = !matches!(item.vis, Visibility::Inherited);
                    self.add_imports(&item.tree, Vec::new(), is_public);
                }
                item => {
                    self.defines.extend(name_of(item));
                    Functions(self).visit_item(item);
                    add_names(item.to_token_stream(), &mut self.names);
                }
            }
        }
    }

    fn add_imports(&mut self, tree: &UseTree, mut path: Vec<String>, is_public: bool) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.add_imports(&tree.tree, path, is_public);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_imports(tree, path.clone(), is_public));
            }
            UseTree::Glob(_) => self.imports.push(Import { path, name: "*".to_owned(), is_public }),
            UseTree::Name(tree) => self.add_import(path, tree.ident.to_string(), None, is_public),
            UseTree::Rename(tree) => {
                self.add_import(path, tree.ident.to_string(), Some(tree.rename.to_string()), is_public);
            }
        }
    }

    fn add_import(&mut self, mut path: Vec<String>, name: String, rename: Option<String>, is_public: bool) {
        if name != "self" {
            path.push(name);
        }
        let Some(last) = path.last().cloned() else { return };
        self.imports.push(Import { path, name: rename.unwrap_or(last), is_public });
    }
}

/// Collects functions and their lengths.
struct Functions<'a>(&'a mut File);

impl Functions<'_> {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = block.span().end().line - signature.span().start().line + 1;
        self.0.functions.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_cfg).any(|attribute| attribute.to_token_stream().to_string().contains("(test)"))
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Adds every `a` and `a::b::c` of the tokens, macros' arguments included.
fn add_names(tokens: TokenStream, names: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 && !path.is_empty() {
                    names.insert(std::mem::take(&mut path));
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                if !path.is_empty() {
                    names.insert(std::mem::take(&mut path));
                }
                colons = 0;
                if let TokenTree::Group(group) = other {
                    add_names(group.stream(), names);
                }
            }
        }
    }
    if !path.is_empty() {
        names.insert(path);
    }
}
