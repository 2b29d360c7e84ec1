//! Which file names what of which other, and the circles among them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Crate, File, Module};

/// A file's arrows: to which module's file, by which names.
type Arrows = BTreeMap<Module, BTreeSet<String>>;

/// Circles between the crate's files, each as text.
pub(crate) fn circles(krate: &Crate) -> Vec<String> {
    let arrows: BTreeMap<&Module, Arrows> = krate.files.keys().map(|module| (module, krate.arrows(module))).collect();
    let reachable: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|module| (*module, reachable(&arrows, module))).collect();
    let mut circles: BTreeSet<Vec<&Module>> = BTreeSet::new();
    for (module, beyond) in reachable.iter().filter(|(module, beyond)| beyond.contains(**module)) {
        let same = beyond.iter().filter(|other| reachable[*other].contains(*module));
        let mut circle: Vec<&Module> = same.filter_map(|other| Some(krate.files.get_key_value(other)?.0)).collect();
        circle.sort();
        circles.insert(circle);
    }
    circles.into_iter().map(|circle| describe(krate, &arrows, &circle)).collect()
}

fn reachable(arrows: &BTreeMap<&Module, Arrows>, from: &Module) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.clone()];
    while let Some(module) = open.pop() {
        for to in arrows[&module].keys() {
            if found.insert(to.clone()) {
                open.push(to.clone());
            }
        }
    }
    found
}

fn describe(krate: &Crate, arrows: &BTreeMap<&Module, Arrows>, circle: &[&Module]) -> String {
    let mut lines = vec![format!("a circle of {} files:", circle.len())];
    for from in circle {
        for (to, names) in arrows[*from].iter().filter(|(to, _)| circle.contains(to)) {
            let [from, to] = [*from, to].map(|module| krate.files[module].path.display());
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(format!("  {from} -> {to}: {}", names.join(", ")));
        }
    }
    lines.join("\n")
}

impl Crate {
    fn arrows(&self, module: &Module) -> Arrows {
        let file = &self.files[module];
        let imported = file.imports.iter().filter(|import| import.name != "*");
        // A re-export that the file does not name itself hands on what others define.
        let used = imported.filter(|import| !import.is_public || file.mentions(&import.name));
        let paths = used.map(|import| &import.path).chain(&file.names);
        let mut arrows = Arrows::new();
        for path in paths {
            if let Some((to, name)) = self.resolve(module, path, 0).filter(|(to, _)| to != module) {
                arrows.entry(to).or_default().insert(name);
            }
        }
        arrows
    }

    /// The file that defines what `path` says in `module`, and the item's name. `None` for what comes from elsewhere, for
    /// methods, and for modules themselves.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<(Module, String)> {
        let (first, rest) = path.split_first()?;
        let parent = || module.split_last().map(|(_, parent)| parent.to_vec());
        match first.as_str() {
            "crate" => self.find(&Module::new(), rest, depth),
            "self" => self.find(module, rest, depth),
            "super" if rest.first().is_some_and(|name| name == "super") => self.resolve(&parent()?, rest, depth),
            "super" => self.find(&parent()?, rest, depth),
            _ => self.find(module, path, depth),
        }
    }

    /// What `path` says, seen from `module`: a module below it, an item of it, or something that it imports.
    fn find(&self, module: &Module, path: &[String], depth: usize) -> Option<(Module, String)> {
        let (name, rest) = path.split_first()?;
        // Imports that go round in a ring do not compile; the bound is for names that only look like imports.
        let file = self.files.get(module).filter(|_| depth < 12)?;
        if file.defines.contains(name) {
            return Some((module.clone(), name.clone()));
        }
        let child: Module = module.iter().chain([name]).cloned().collect();
        if self.files.contains_key(&child) && !rest.is_empty() {
            return self.find(&child, rest, depth + 1);
        }
        let named = file.imports.iter().filter(|import| import.name == *name);
        let globs = file.imports.iter().filter(|import| import.name == "*");
        let named = named.map(|import| [&import.path, rest].concat());
        let globs = globs.map(|import| [&import.path, path].concat());
        named.chain(globs).find_map(|path| self.resolve_import(module, &path, depth + 1))
    }

    /// As [`resolve`](Self::resolve), but a path that begins with a name starts from another crate or a child module.
    fn resolve_import(&self, module: &Module, path: &[String], depth: usize) -> Option<(Module, String)> {
        let first = path.first()?;
        let child: Module = module.iter().chain([first]).cloned().collect();
        let is_relative = ["crate", "self", "super"].contains(&first.as_str());
        (is_relative || self.files.contains_key(&child)).then(|| self.resolve(module, path, depth)).flatten()
    }
}

impl File {
    fn mentions(&self, name: &str) -> bool {
        self.names.iter().any(|path| path[0] == name)
    }
}
