//! From contexts to text: the templates of a processor, and the pieces of a program.

use crate::{Assets, CompileError, Target};
use serde::Serialize;
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
    /// Macros are called by small templates that are made when they are needed.
    tera: Arc<RwLock<Tera>>,
}

/// How many sets of templates are kept: those of the processors, with each console.
const KEPT: usize = 12;

/// Templates, parsed. A process compiles with the same ones again and again, and to parse them takes as long as to compile a
/// small network, so the last sets are kept. Whether one is kept changes nothing but time.
fn parsed<'a>(templates: impl Iterator<Item = (&'a str, &'a str)>) -> tera::Result<Arc<RwLock<Tera>>> {
    type Set = (Vec<(String, String)>, Arc<RwLock<Tera>>);
    static SETS: Mutex<Vec<Set>> = Mutex::new(Vec::new());
    let lock = || SETS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts: Vec<(String, String)> = templates.map(|(name, text)| (name.into(), text.into())).collect();
    if let Some((_, known)) = lock().iter().find(|(known, _)| *known == texts) {
        return Ok(known.clone());
    }
    let mut tera = Tera::default();
    tera.autoescape_on(vec![]);
    tera.add_raw_templates(texts.iter().map(|(name, text)| (name, text)))?;
    let tera = Arc::new(RwLock::new(tera));
    let mut sets = lock();
    if sets.len() >= KEPT {
        sets.remove(0);
    }
    sets.push((texts, tera.clone()));
    Ok(tera)
}

impl Templates {
    /// Those of the processor whose files end in `extension`.
    ///
    /// # Errors
    /// [`CompileError::Template`] where one does not parse.
    pub fn new(assets: &Assets, target: &Target, extension: &str) -> Result<Self, CompileError> {
        let console = format!("console{extension}");
        let templates = assets.templates();
        let templates = templates.filter(|(name, _)| name.ends_with(extension) && !name.contains('/'));
        let own = target.console.as_str();
        let templates =
            templates.map(|(name, text)| (if name == own { console.as_str() } else { name }, text));
        Ok(Self { tera: parsed(templates).map_err(|e| error(&format!("program{extension}"), &e))? })
    }

    /// Those that mlc brings, without any console.
    ///
    /// # Errors
    /// [`CompileError::Template`] where one does not parse.
    pub fn builtin(assets: &Assets, extension: &str) -> Result<Self, CompileError> {
        let whole = ["program", "network", "sequence", "sensors"].map(|name| format!("{name}{extension}"));
        Self::some(assets, |name| {
            assets.is_part(name) && name.ends_with(extension) && !whole.iter().any(|whole| whole == name)
        })
    }

    /// Those that are wanted by name.
    ///
    /// # Errors
    /// [`CompileError::Template`] where one does not parse.
    pub fn some(assets: &Assets, is_wanted: impl Fn(&str) -> bool) -> Result<Self, CompileError> {
        let wanted = assets.templates().filter(|(name, _)| is_wanted(name));
        Ok(Self { tera: parsed(wanted).map_err(|e| error("a template", &e))? })
    }

    fn lock(&self) -> RwLockReadGuard<'_, Tera> {
        self.tera.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A whole template.
    ///
    /// # Errors
    /// [`CompileError::Template`] where it asks for what is not there.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<String, CompileError> {
        let context = Context::from_serialize(context).map_err(|e| error(name, &e))?;
        self.lock().render(name, &context).map_err(|e| error(name, &e))
    }

    /// A macro of a template, with the context as its only argument, `s`.
    ///
    /// # Errors
    /// [`CompileError::Template`] where there is none of that name, or where it asks for what is not there.
    pub fn call(&self, name: &str, part: &str, s: impl Serialize) -> Result<String, CompileError> {
        let caller = format!("{name}: {part}");
        let is_known = self.lock().get_template_names().any(|known| known == caller);
        if !is_known {
            let text = format!("{{%- import \"{name}\" as t -%}}{{{{ t::{part}(s=s) }}}}");
            let mut tera = self.tera.write().unwrap_or_else(PoisonError::into_inner);
            tera.add_raw_template(&caller, &text).map_err(|e| error(&caller, &e))?;
        }
        let mut context = Context::new();
        context.try_insert("s", &s).map_err(|e| error(&caller, &e))?;
        self.lock().render(&caller, &context).map_err(|e| error(&caller, &e))
    }
}

/// The whole chain of causes: tera names the template in the outermost one only.
pub fn error(name: &str, error: &tera::Error) -> CompileError {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    let message = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    CompileError::Template { name: name.to_string(), message }
}
