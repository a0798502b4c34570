//! What becomes of sums: a factor and a shift where that is proven to be right, thresholds elsewhere.

use super::writer::Home;
use crate::kernel::lines::gnu_bytes;
use crate::kernel::sensors::steps::{Class, Scale, Steps};

/// Sums below are kept in three bytes.
const THREE: i64 = 1 << 23;

/// How the sums of a step become results.
pub struct Scaling {
    pub(super) kind: Kind,
    /// What is added to the sum of each output before.
    pub add: Vec<i64>,
    /// Sums have four bytes.
    pub wide: bool,
    /// Sums of more than two bytes become the most.
    pub(super) short: bool,
    /// A product may have bytes above the result.
    pub(super) over: bool,
    pub(super) low: i32,
    pub(super) span: usize,
    /// Results have 16 bits.
    pub words: bool,
}

pub(super) enum Kind {
    /// One factor for all outputs.
    Shared(Scale),
    /// One for each.
    Each(Vec<Scale>),
    /// One for each that has one; thresholds for the others.
    Mixed(Vec<Option<Scale>>),
    /// Thresholds for all outputs, or for each.
    Steps,
    EachSteps,
    /// A factor of four bytes for each output.
    Long(Vec<Scale>),
}

/// Where factors of their own come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// Flash: Z points to them.
    Flash(Home),
    /// Code has loaded them.
    Loaded,
}

impl Factors {
    /// Which part of flash.
    pub(super) fn home(self) -> Home {
        match self {
            Self::Flash(home) => home,
            Self::Loaded => Home::Near,
        }
    }
}

/// The functions of a step's outputs and the bounds of their sums.
pub struct Sums<'a> {
    pub steps: Vec<&'a Steps>,
    pub bounds: Vec<(i64, i64)>,
    pub words: bool,
}

impl Sums<'_> {
    fn is_shared(&self) -> bool {
        self.steps.iter().all(|steps| *steps == self.steps[0])
    }

    fn merged(&self) -> (i64, i64) {
        let least = self.bounds.iter().map(|b| b.0).min().unwrap_or(0);
        (least, self.bounds.iter().map(|b| b.1).max().unwrap_or(0))
    }

    fn find(&self, output: usize, class: Class) -> Option<Scale> {
        Scale::find(self.steps[output], self.bounds[output], class)
            .filter(|scale| self.can_be_wide(output, scale))
    }

    /// Where a sum needs four bytes, the upper one says that it is the most.
    fn can_be_wide(&self, output: usize, scale: &Scale) -> bool {
        let steps = self.steps[output];
        let (least, most) = self.bounds[output];
        let fits = least + scale.k >= -THREE && most + scale.k < THREE;
        let bits = |sum: i64| (0..1 << 31).contains(&(sum + (1 << 30)));
        if scale.class.bytes == 4 {
            return bits(least + scale.k) && bits(most + scale.k);
        }
        fits || scale.at(steps, (1 << 24) - scale.k) == steps.at(i64::MAX)
    }
}

impl Scaling {
    /// The fastest way that is exact.
    ///
    /// # Errors
    /// Results of 16 bits that no factor gives.
    pub fn choose(sums: &Sums) -> Result<Self, String> {
        let shared = Sums { steps: vec![sums.steps[0]], bounds: vec![sums.merged()], words: sums.words };
        let outputs = sums.steps.len();
        let kind = if sums.is_shared() {
            match Class::all().find_map(|class| shared.find(0, class)) {
                Some(scale) => Kind::Shared(scale),
                None => Kind::Steps,
            }
        } else {
            let all = |class: &Class| (0..outputs).map(|o| sums.find(o, *class)).collect::<Vec<_>>();
            let each: Vec<(Class, Vec<Option<Scale>>)> =
                Class::all().map(|class| (class, all(&class))).collect();
            let found = |scales: &[Option<Scale>]| scales.iter().flatten().count();
            match each.iter().find(|(_, scales)| found(scales) == outputs) {
                Some((_, scales)) => Kind::Each(scales.iter().copied().flatten().collect()),
                None => {
                    let wide = each.iter().filter(|(class, _)| class.bytes == 3 && class.grain == 8);
                    // A factor without an upper byte would stand for thresholds.
                    let marked = wide.map(|(_, scales)| {
                        scales.iter().map(|s| s.filter(|s| s.m >= 1 << 16)).collect::<Vec<_>>()
                    });
                    let scales = marked.max_by_key(|scales| found(scales)).expect("there are such classes");
                    if found(&scales) == 0 { Kind::EachSteps } else { Kind::Mixed(scales) }
                }
            }
        };
        if sums.words && matches!(kind, Kind::Steps | Kind::EachSteps | Kind::Mixed(..)) {
            return Self::long(sums);
        }
        let scaling = Self::new(kind, sums);
        // What searches behind a factor's routine knows three bytes.
        match scaling.kind {
            Kind::Mixed(..) if scaling.wide => Ok(Self::new(Kind::EachSteps, sums)),
            _ => Ok(scaling),
        }
    }

    /// Factors of four bytes, for results of 16 bits.
    fn long(sums: &Sums) -> Result<Self, String> {
        let all = |class| {
            let scales: Vec<Scale> = (0..sums.steps.len()).filter_map(|o| sums.find(o, class)).collect();
            (scales.len() == sums.steps.len()).then_some(scales)
        };
        match Class::long().find_map(all) {
            Some(scales) => Ok(Self::new(Kind::Long(scales), sums)),
            None => Err("results of 16 bits that no multiplication of 32 bits gives".into()),
        }
    }

    /// Whether factors have four bytes, for sums of a single output.
    pub fn is_long(&self) -> bool {
        matches!(self.kind, Kind::Long(_))
    }

    /// Thresholds for each output, which nothing is added for.
    ///
    /// # Errors
    /// Results of 16 bits.
    pub fn by_thresholds(sums: &Sums) -> Result<Self, String> {
        match sums.words {
            true => {
                Err("results of 16 bits that are scaled channel by channel in a sum of two arrays".into())
            }
            false => Ok(Self::new(Kind::EachSteps, sums)),
        }
    }

    fn new(kind: Kind, sums: &Sums) -> Self {
        let scale = |o: usize| match &kind {
            Kind::Shared(scale) => Some(*scale),
            Kind::Each(scales) | Kind::Long(scales) => Some(scales[o]),
            Kind::Mixed(scales) => scales[o],
            Kind::Steps | Kind::EachSteps => None,
        };
        let outputs = sums.steps.len();
        let is_mixed = matches!(kind, Kind::Mixed(..));
        let first = |o: usize| sums.steps[o].from.first().map_or(0, |from| -from);
        let add: Vec<i64> =
            (0..outputs).map(|o| scale(o).map_or(if is_mixed { first(o) } else { 0 }, |s| s.k)).collect();
        let moved = |o: usize| (sums.bounds[o].0 + add[o], sums.bounds[o].1 + add[o]);
        let wide = (0..outputs).any(|o| moved(o).0 < -THREE || moved(o).1 >= THREE);
        let short = (0..outputs).all(|o| {
            moved(o).1 < 1 << 16 || {
                let steps = sums.steps[o];
                let at = (1 << 16) - add[o];
                scale(o).map_or(steps.at(at), |s| s.at(steps, at)) == steps.at(i64::MAX)
            }
        });
        let limit = if sums.words { 0xFFFF } else { 0xFF };
        let over = (0..outputs).filter_map(|o| Some((o, scale(o)?))).any(|(o, s)| {
            let most = moved(o).1.min(if short { 0xFFFF } else { 0xFF_FFFF });
            (i128::from(s.m) * i128::from(most) + i128::from(s.c)) >> s.class.shift > limit
        });
        let short = short && !matches!(kind, Kind::Steps | Kind::EachSteps);
        let wide = wide || matches!(kind, Kind::Long(_));
        let (low, span) = (sums.steps[0].low, sums.steps.iter().map(|s| s.span()).max().unwrap_or(0));
        Self { kind, add, wide, short, over, low, span, words: sums.words }
    }

    /// Whether an output's factor can be loaded by code.
    pub fn is_loadable(&self) -> bool {
        !self.wide && matches!(self.kind, Kind::Shared(_) | Kind::Each(_))
    }

    /// The instructions that load an output's factor; none where the routine has it.
    pub fn loads(&self, output: usize) -> Vec<String> {
        let Kind::Each(scales) = &self.kind else { return vec![] };
        let s = scales[output];
        let c = if s.class.bytes == 3 { s.c >> 16 & 255 } else { 0 };
        let mut loads = vec![
            format!("ldi r16, {}", s.m & 255),
            format!("ldi r17, {}", s.m >> 8 & 255),
            format!("ldi r26, {}", if s.class.grain == 8 { s.c >> 8 & 255 } else { 0 }),
            format!("ldi r27, {c}"),
        ];
        if s.class.bytes == 3 {
            loads.push(format!("ldi r21, {}", s.m >> 16));
        }
        loads
    }

    /// What lies in flash for an output, as lines. `name`: the step's.
    pub fn record(&self, name: &str, output: usize) -> Vec<String> {
        let bytes = |s: &Scale, grain: u8| {
            let mut bytes = vec![s.m as u8, (s.m >> 8) as u8];
            if s.class.bytes == 3 {
                bytes.push((s.m >> 16) as u8);
            }
            if grain == 8 {
                bytes.push((s.c >> 8) as u8);
            }
            if s.class.bytes == 3 {
                bytes.push((s.c >> 16) as u8);
            }
            bytes
        };
        match &self.kind {
            Kind::Shared(_) | Kind::Steps => vec![],
            Kind::Each(scales) => gnu_bytes(bytes(&scales[output], scales[output].class.grain)),
            Kind::Mixed(scales) => match &scales[output] {
                Some(scale) => gnu_bytes(bytes(scale, 8)),
                None => vec![format!(".word {name}_t{output}"), ".byte 0,0,0".into()],
            },
            Kind::EachSteps => vec![format!(".word {name}_t{output}")],
            Kind::Long(scales) => {
                let Scale { m, c, .. } = scales[output];
                gnu_bytes(m.to_le_bytes().into_iter().chain(c.to_le_bytes()))
            }
        }
    }

    pub(super) fn record_bytes(&self, source: &str) -> usize {
        match (&self.kind, source) {
            (Kind::Each(s), "flash") => {
                usize::from(s[0].class.bytes + s[0].class.bytes - 2) + usize::from(s[0].class.grain == 8)
            }
            (Kind::Mixed(..), _) => 5,
            (Kind::EachSteps, _) => 2,
            _ => 0,
        }
    }
}
