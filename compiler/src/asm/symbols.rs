//! Names and their values.

use std::collections::HashMap;

use super::error::{ErrorKind, Res, Span, fail};
use super::expr::Value;
use super::suggest::nearest;

/// Stands in the names of numeric labels, between the number and the count of labels with that number so far. No name of
/// a source text has this character.
pub(super) const NUMERIC: char = '\u{1}';

/// A name's place in [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SymbolId(usize);

#[derive(Clone, Copy, Debug)]
pub(super) enum Definition {
    /// Used, not (yet) defined.
    Missing,
    /// An `equ` that needs symbols from below it; its value is not yet known.
    Pending { line: u32 },
    /// `usable_from` is the first line that may use the value: 0, but the `equ`'s own line if that looked forward.
    /// pasmo makes two passes, so above that line it would still use the first pass's guess.
    Value { value: Value, line: u32, usable_from: u32 },
}

#[derive(Default)]
pub(super) struct Symbols {
    // Only looked up in, never walked: its order cannot show.
    ids: HashMap<String, SymbolId>,
    entries: Vec<(String, Definition)>,
}

impl Symbols {
    /// The id of a name, new or known.
    pub fn intern(&mut self, name: &str) -> SymbolId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = SymbolId(self.entries.len());
        self.ids.insert(name.to_owned(), id);
        self.entries.push((name.to_owned(), Definition::Missing));
        id
    }

    pub fn name(&self, id: SymbolId) -> &str {
        &self.entries[id.0].0
    }

    pub fn definition(&self, id: SymbolId) -> Definition {
        self.entries[id.0].1
    }

    /// Defines a name for the first time; a second time is an error at `span`.
    pub fn define(&mut self, id: SymbolId, definition: Definition, span: Span) -> Res<()> {
        match self.definition(id) {
            Definition::Missing => {
                self.entries[id.0].1 = definition;
                Ok(())
            }
            Definition::Pending { line } | Definition::Value { line, .. } => {
                fail(ErrorKind::Duplicate { name: self.name(id).to_owned(), line }, span)
            }
        }
    }

    /// Gives a pending `equ` its value, which lines from `usable_from` on may use.
    pub fn settle(&mut self, id: SymbolId, value: Value, line: u32, usable_from: u32) {
        self.entries[id.0].1 = Definition::Value { value, line, usable_from };
    }

    /// The value for a use on `line`.
    pub fn value(&self, id: SymbolId, line: u32, span: Span) -> Res<Value> {
        let name = || self.name(id).to_owned();
        match self.definition(id) {
            Definition::Value { value, usable_from, .. } if usable_from <= line => Ok(value),
            Definition::Value { line, .. } => fail(ErrorKind::ForwardEqu { name: name(), line }, span),
            Definition::Pending { line: equ } if equ < line => {
                fail(ErrorKind::DefinedBelow { name: name(), line: equ }, span)
            }
            Definition::Pending { line } => fail(ErrorKind::ForwardEqu { name: name(), line }, span),
            Definition::Missing => fail(ErrorKind::Undefined { name: name(), suggestion: None }, span),
        }
    }

    /// The line that defines a name, once the whole text is read.
    pub fn defined_on(&self, name: &str) -> Option<u32> {
        match self.definition(*self.ids.get(name)?) {
            Definition::Missing => None,
            Definition::Pending { line } | Definition::Value { line, .. } => Some(line),
        }
    }

    /// The defined name most like `name`.
    pub fn suggest(&self, name: &str) -> Option<String> {
        let defined = self
            .entries
            .iter()
            .filter(|(name, d)| !matches!(d, Definition::Missing) && !name.contains(NUMERIC));
        nearest(name, defined.map(|(candidate, _)| candidate.as_str())).map(str::to_owned)
    }

    /// Every defined symbol with its value. Numeric labels (`1:`) have no name outside the text.
    pub fn defined(&self) -> impl Iterator<Item = (&str, SymbolId, Value)> {
        self.entries.iter().zip(0..).filter_map(|((name, definition), at)| match definition {
            Definition::Value { value, .. } if !name.contains(NUMERIC) => {
                Some((&**name, SymbolId(at), *value))
            }
            _ => None,
        })
    }
}
