//! The models of this project, inside the binary: those folders of `models/` that have a `model.ron`, as cli/build.rs found them.

/// A model that mlc brings.
#[derive(Debug)]
pub struct Shipped {
    /// Its folder in `models/`, and what a user calls it.
    pub name: &'static str,
    /// Its `model.ron`.
    pub model: &'static [u8],
    /// Its `prompts.txt`.
    pub prompts: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// What `mlc bench --all` measured of them: `tests/benchmarks.json`, which a test holds to what is measured now.
pub const FIGURES: &str = include_str!("../tests/benchmarks.json");

/// The model of that name.
pub fn find(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::import::{Options, load};
    use std::path::Path;

    #[test]
    fn every_model_of_the_project_is_in_the_binary() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let folders = entries.map(|entry| entry.expect("it can be read").path());
        let mut names: Vec<_> = folders
            .filter(|path| path.join("model.ron").is_file())
            .map(|path| path.file_name().expect("it has a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(SHIPPED.iter().map(|shipped| shipped.name).collect::<Vec<_>>(), names);
        assert!(names.len() >= 3, "{names:?}");
        for shipped in SHIPPED {
            let model =
                load(shipped.model, shipped.name, &Options::default()).expect("a test trains with it");
            assert_eq!(model.head.name, shipped.name, "who asks for a name gets a model of that name");
            assert!(!model.head.about.is_empty() && !shipped.prompts.trim().is_empty(), "{}", shipped.name);
        }
    }
}
