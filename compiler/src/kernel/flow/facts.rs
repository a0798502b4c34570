//! What is known of a program's jumps.

use std::collections::BTreeMap;

/// What is known of a program's jumps.
///
/// A key is a label that is jumped to or called, `FROM>LABEL` for jumps behind the label `FROM` alone, or `FROM>` and the
/// mnemonic for what names none: `FROM>ret`, `FROM>ldir`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    odds: BTreeMap<String, f64>,
    /// By how labels end, where nothing else is known.
    endings: BTreeMap<&'static str, f64>,
    detours: BTreeMap<String, Detour>,
    outside: BTreeMap<String, f64>,
}

/// Where a jump leads that does not say so, or that comes back.
#[derive(Debug, Clone)]
pub(super) struct Detour {
    /// Routines that are run, each so many times.
    pub(super) through: Vec<(String, f64)>,
    /// Where the way goes on, each so many times of one: behind that label by so many instructions. The rest returns.
    pub(super) then: Vec<(String, isize, f64)>,
}

impl Facts {
    /// A jump, call or return that depends on something: how often it is taken, of one.
    pub fn odds(&mut self, key: impl Into<String>, taken: f64) -> &mut Self {
        self.odds.insert(key.into(), taken.clamp(0.0, 1.0));
        self
    }

    /// The jump back of a loop of so many rounds.
    pub fn rounds(&mut self, key: impl Into<String>, rounds: f64) -> &mut Self {
        self.odds(key, 1.0 - 1.0 / rounds.max(1.0))
    }

    /// The jump out of a loop of so many rounds.
    pub fn leaves(&mut self, key: impl Into<String>, rounds: f64) -> &mut Self {
        self.odds(key, 1.0 / rounds.max(1.0))
    }

    /// Jumps to labels that end so.
    pub fn endings(&mut self, all: &[(&'static str, f64)]) -> &mut Self {
        self.endings.extend(all.iter().copied());
        self
    }

    /// An instruction that repeats itself so often.
    pub fn repeats(&mut self, key: impl Into<String>, times: f64) -> &mut Self {
        self.odds.insert(key.into(), times.max(1.0));
        self
    }

    /// What is no part of the program takes so many cycles, the way back among them.
    pub fn outside(&mut self, key: impl Into<String>, cycles: f64) -> &mut Self {
        self.outside.insert(key.into(), cycles);
        self
    }

    /// A jump runs routines, and goes on at a label.
    pub fn detour(
        &mut self,
        key: impl Into<String>,
        through: &[(&str, f64)],
        then: Option<&str>,
    ) -> &mut Self {
        self.detour_into(key, through, &then.map(|label| (label, 0, 1.0)).into_iter().collect::<Vec<_>>())
    }

    /// The same, to places behind labels.
    pub fn detour_into(
        &mut self,
        key: impl Into<String>,
        through: &[(&str, f64)],
        then: &[(&str, isize, f64)],
    ) -> &mut Self {
        let through = through.iter().map(|&(label, times)| (label.to_string(), times)).collect();
        let then = then.iter().map(|&(label, behind, odds)| (label.to_string(), behind, odds)).collect();
        self.detours.insert(key.into(), Detour { through, then });
        self
    }

    /// These and more, which count more.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        let mut all = self.clone();
        all.odds.extend(more.odds.iter().map(|(key, &odds)| (key.clone(), odds)));
        all.endings.extend(&more.endings);
        all.detours.extend(more.detours.iter().map(|(key, detour)| (key.clone(), detour.clone())));
        all.outside.extend(more.outside.iter().map(|(key, &cycles)| (key.clone(), cycles)));
        all
    }

    pub(super) fn of(&self, from: &str, to: &str) -> Option<f64> {
        let exact = self.odds.get(&format!("{from}>{to}")).or_else(|| self.odds.get(to));
        exact.copied().or_else(|| {
            let ending = self.endings.iter().filter(|(ending, _)| to.ends_with(**ending));
            ending.max_by_key(|(ending, _)| ending.len()).map(|(_, &odds)| odds)
        })
    }

    pub(super) fn detour_of(&self, from: &str, to: &str) -> Option<&Detour> {
        self.detours.get(&format!("{from}>{to}"))
    }

    pub(super) fn outside_of(&self, from: &str, to: &str) -> Option<f64> {
        self.outside.get(&format!("{from}>{to}")).or_else(|| self.outside.get(to)).copied()
    }
}
