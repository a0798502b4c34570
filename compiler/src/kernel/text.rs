//! From contexts to text: the templates of a processor, and the pieces of a program.

use crate::{Assets, CompileError, Target};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use tera::{Context, Tera};

/// The text of a stage or of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    pub code: String,
    /// What is not code, in the order of its [`Section`]s.
    pub data: Vec<(Section, String)>,
    /// Where phases start.
    pub phases: Vec<Phase>,
    /// Labels of instructions that switch interrupts on.
    pub enables: Vec<String>,
}

/// Where in the image data stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Start values of accumulators.
    Starts,
    Weights,
    /// What finds weights; on the Z80 from the start of a page on.
    Tables,
    /// On the AVR jumps that must be within reach of others.
    Jumps,
    /// Weights that are code.
    Code,
}

/// What code behind a label belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    pub label: String,
    /// `None`: to the phase that called it.
    pub name: Option<String>,
}

impl Phase {
    pub fn new(label: impl Into<String>, name: impl Into<String>) -> Self {
        Self { label: label.into(), name: Some(name.into()) }
    }

    /// Of code that stages share.
    pub fn shared(label: impl Into<String>) -> Self {
        Self { label: label.into(), name: None }
    }
}

impl Fragment {
    /// All text of a section.
    pub fn section(&self, section: Section) -> String {
        self.data.iter().filter(|(s, _)| *s == section).map(|(_, text)| text.as_str()).collect()
    }
}

/// The templates of a target's processor. The console of the target has the name `console`.
pub struct Templates {
    set: Arc<RwLock<Set>>,
}

/// Templates by name. To parse all of a processor takes longer than to compile a small network with some of them, so each is parsed
/// when it is first wanted.
struct Set {
    texts: BTreeMap<String, String>,
    /// Those that were wanted, with those that they name; and a small one for each macro that was called.
    tera: Tera,
}

/// How many sets of templates are kept: those of the processors, with each console.
const KEPT: usize = 12;

impl Set {
    /// The set of these templates. A process compiles with the same ones again and again, so the last sets are kept, and what was parsed
    /// of them. Whether one is kept changes nothing but time.
    fn of<'a>(templates: impl Iterator<Item = (&'a str, &'a str)>) -> Arc<RwLock<Self>> {
        type Kept = (BTreeMap<String, String>, Arc<RwLock<Set>>);
        static SETS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        let texts: BTreeMap<String, String> =
            templates.map(|(name, text)| (name.into(), text.into())).collect();
        if let Some((_, known)) = sets.iter().find(|(known, _)| *known == texts) {
            return known.clone();
        }
        let mut tera = Tera::default();
        tera.autoescape_on(vec![]);
        let set = Arc::new(RwLock::new(Self { texts: texts.clone(), tera }));
        if sets.len() >= KEPT {
            sets.remove(0);
        }
        sets.push((texts, set.clone()));
        set
    }

    fn is_parsed(&self, name: &str) -> bool {
        self.tera.get_template_names().any(|known| known == name)
    }

    /// Parses a template and all that it names, itself last: where one of them does not parse, it is not there the next time either.
    fn parse(&mut self, name: &str) -> tera::Result<()> {
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        let mut names = vec![name];
        while let Some(name) = names.pop() {
            let Some((name, text)) = self.texts.get_key_value(name) else { continue };
            if !self.is_parsed(name) && !wanted.iter().any(|(known, _)| known == name) {
                wanted.push((name, text));
                names.extend(named(text));
            }
        }
        wanted.reverse();
        self.tera.add_raw_templates(wanted)
    }
}

/// The templates that a template includes, imports or extends.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let tags = text.split("{%").skip(1).map(|tag| tag.trim_start_matches('-').trim_start());
    let names = tags.filter(|tag| ["include", "import", "extends"].iter().any(|word| tag.starts_with(word)));
    // A list of names, each in quotes of one of three kinds.
    names.flat_map(|tag| {
        let tag = tag.split("%}").next().unwrap_or_default();
        tag.split(['"', '\'', '`']).skip(1).step_by(2)
    })
}

impl Templates {
    /// Those of the processor whose files end in `extension`.
    ///
    /// # Errors
    /// [`CompileError::Template`] where one that mlc did not bring does not parse.
    pub fn new(assets: &Assets, target: &Target, extension: &str) -> Result<Self, CompileError> {
        let console = format!("console{extension}");
        let own = target.console.as_str();
        let called = |name| if name == own { console.as_str() } else { name };
        let of_processor = |name: &str| name.ends_with(extension) && !name.contains('/');
        let templates = || assets.templates().filter(|(name, _)| of_processor(name));
        let set = Self { set: Set::of(templates().map(|(name, text)| (called(name), text))) };
        for (name, _) in templates().filter(|(name, _)| assets.is_own(name)) {
            set.want(called(name)).map_err(|e| error(&format!("program{extension}"), &e))?;
        }
        Ok(set)
    }

    /// Those that mlc brings, without any console.
    pub fn builtin(assets: &Assets, extension: &str) -> Self {
        let whole = ["program", "network", "sequence", "sensors"].map(|name| format!("{name}{extension}"));
        Self::some(assets, |name| {
            assets.is_part(name) && name.ends_with(extension) && !whole.iter().any(|whole| whole == name)
        })
    }

    /// Those that are wanted by name.
    pub fn some(assets: &Assets, is_wanted: impl Fn(&str) -> bool) -> Self {
        Self { set: Set::of(assets.templates().filter(|(name, _)| is_wanted(name))) }
    }

    fn lock(&self) -> RwLockReadGuard<'_, Set> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that a template is parsed, if there is one of that name.
    fn want(&self, name: &str) -> tera::Result<()> {
        if self.lock().is_parsed(name) {
            return Ok(());
        }
        self.set.write().unwrap_or_else(PoisonError::into_inner).parse(name)
    }

    /// A whole template.
    ///
    /// # Errors
    /// [`CompileError::Template`] where it does not parse, or asks for what is not there.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<String, CompileError> {
        let wrong = |e: &tera::Error| error(name, e);
        self.want(name).map_err(|e| wrong(&e))?;
        let context = Context::from_serialize(context).map_err(|e| wrong(&e))?;
        self.lock().tera.render(name, &context).map_err(|e| wrong(&e))
    }

    /// A macro of a template, with the context as its only argument, `s`.
    ///
    /// # Errors
    /// [`CompileError::Template`] where there is none of that name, or where it asks for what is not there.
    pub fn call(&self, name: &str, part: &str, s: impl Serialize) -> Result<String, CompileError> {
        let caller = format!("{name}: {part}");
        let wrong = |e: &tera::Error| error(&caller, e);
        if !self.lock().is_parsed(&caller) {
            self.want(name).map_err(|e| wrong(&e))?;
            let text = format!("{{%- import \"{name}\" as t -%}}{{{{ t::{part}(s=s) }}}}");
            let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
            set.tera.add_raw_template(&caller, &text).map_err(|e| wrong(&e))?;
        }
        let mut context = Context::new();
        context.try_insert("s", &s).map_err(|e| wrong(&e))?;
        self.lock().tera.render(&caller, &context).map_err(|e| wrong(&e))
    }
}

/// The whole chain of causes: tera names the template in the outermost one only.
pub fn error(name: &str, error: &tera::Error) -> CompileError {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    let message = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    CompileError::Template { name: name.to_string(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_name_others() {
        let text = "{% include \"a.asm\" %}{%- import 'b.asm' as b -%}{% if x == \"c.asm\" %}{% include [\"d\", `e`] ignore missing %}{{ \"f\" }}";
        assert_eq!(named(text).collect::<Vec<_>>(), ["a.asm", "b.asm", "d", "e"]);
        assert_eq!(named("{% extends \"g\" %}{% endif %}").collect::<Vec<_>>(), ["g"]);
    }

    /// Every built-in template is named by what the scan finds: all of them parse by themselves, with what they name.
    #[test]
    fn every_template_parses() {
        let assets = Assets::builtin();
        for target in assets.targets().expect("built-in targets are valid") {
            let extension = if target.board.is_some() { ".S" } else { ".asm" };
            for (name, _) in assets.templates().filter(|(name, _)| name.ends_with(extension)) {
                let templates = Templates::new(&assets, &target, extension).expect("they are built in");
                templates.want(name).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            }
        }
    }

    #[test]
    fn a_template_that_does_not_parse_is_named_each_time() {
        let mut assets = Assets::builtin();
        assets.set_template("lists.asm", "{% if %}");
        let target = assets.targets().expect("they are valid").into_iter().find(|t| t.board.is_none());
        let target = target.expect("there is a Z80");
        for _ in 0..2 {
            let error =
                Templates::new(&assets, &target, ".asm").err().expect("it does not parse").to_string();
            assert!(error.contains("lists.asm"), "{error}");
        }
    }
}
