//! Root-mean-square norms.

use super::emit::Emitter;
use super::known;
use super::rescale::{Kind, QuickScale};
use crate::CompileError;
use crate::kernel::flow::Facts;
use crate::kernel::sequence::SequenceSite;
use crate::model::Norm;
use serde::Serialize;
use std::collections::BTreeMap;

/// The routines that a network's norms need.
#[derive(Default)]
pub struct Norms {
    /// By label: the macro and its context.
    routines: BTreeMap<String, (&'static str, Context)>,
    /// Norms with gains so far.
    gains: usize,
}

#[derive(Serialize, Default)]
struct Context {
    name: String,
    /// What narrows an element.
    tail: String,
    /// What shifts an element behind its gain, if it has one.
    gain: Option<String>,
    /// Words of a group; 0: 256.
    size: usize,
    /// Products are made in place where values allow it.
    quick: bool,
    /// Of norms that become bytes: by how many bits they are narrowed, and the halves that round that and the norm.
    narrow: u8,
    half: u32,
    /// Of groups with gains, as [`QuickScale`] has them; and whether all mantissas are one.
    #[serde(flatten)]
    scale: Option<QuickScale>,
    same: bool,
}

impl Norms {
    /// The residual stream becomes bytes.
    pub fn bytes(&mut self, e: &mut Emitter, norm: &Norm) {
        e.stage("norm");
        let tail = e.rescales.word(norm.narrow);
        let dim = e.site.body.dim;
        let (gain, suffix) = self.gain(e, norm, "norm_gains");
        let name = format!("norm_{}{suffix}", norm.narrow);
        e.set("rows_out", "bytes");
        e.lines(&["ld hl,latent", &format!("ld b,{}", dim % 256), &format!("ld a,{}", norm.down)]);
        e.line(format!("call {name}"));
        let narrow = norm.narrow;
        let quick = gain.is_none() && (1..=8).contains(&narrow) && !e.is_small();
        let half = 0x8000 + (0x8000 >> narrow);
        known(e.known.here(), e.site, norm, dim);
        e.known.here().rounds(format!("{name}_next"), dim as f64);
        if quick {
            known_quick(e.known.here(), e.site, norm, (dim, &name));
        }
        let context = Context { name: name.clone(), tail, gain, quick, narrow, half, ..Context::default() };
        self.routines.insert(name, ("bytes", context));
    }

    /// The residual stream becomes bytes as it is.
    pub fn narrow(&mut self, e: &mut Emitter, bits: u8) {
        e.stage("norm");
        let (name, tail) = (format!("narrow_{bits}"), e.rescales.word(bits));
        e.set("rows_out", "bytes");
        e.lines(&["ld hl,latent", &format!("ld b,{}", e.site.body.dim % 256), &format!("call {name}")]);
        e.known.here().rounds(&name, e.site.body.dim as f64);
        let context = Context { name: name.clone(), tail, ..Context::default() };
        self.routines.insert(name, ("narrow", context));
    }

    /// Each of some groups of `size` words, in its place.
    pub fn groups(&mut self, e: &mut Emitter, norm: &Norm, at: &str, (groups, size): (usize, usize)) {
        e.stage("norm");
        let same = norm.gain.as_ref().and_then(|(mantissas, _)| same(mantissas));
        let (gain, suffix) = match (&norm.gain, same) {
            (Some((_, shift)), Some(mantissa)) => {
                e.lines(&[&format!("ld a,{mantissa}"), "ld (norm_mantissa),a"]);
                (Some(e.rescales.tail(Kind::Give, *shift)), format!("_same_{shift}"))
            }
            _ => self.gain(e, norm, "norm_gain"),
        };
        let name = format!("norm_groups_{size}{suffix}");
        e.lines(&[&format!("ld hl,{at}"), &format!("ld c,{groups}"), &format!("ld a,{}", norm.down)]);
        e.line(format!("call {name}"));
        known(e.known.here(), e.site, norm, size);
        e.known.here().rounds(format!("{name}_next"), size as f64).rounds(&name, groups as f64);
        let quick = !e.is_small();
        if quick {
            known_groups(e.known.here(), e.site, norm, (size, &name));
        }
        let scale = norm.gain.as_ref().map(|(_, shift)| QuickScale::new(*shift, true));
        let (size, same) = (size % 256, same.is_some());
        let context = Context { name: name.clone(), gain, size, quick, scale, same, ..Context::default() };
        self.routines.insert(name, ("groups", context));
    }

    /// Says where the gains are, if there are any: what shifts, and how the label ends.
    fn gain(&mut self, e: &mut Emitter, norm: &Norm, pointer: &str) -> (Option<String>, String) {
        let Some((mantissas, shift)) = &norm.gain else { return (None, String::new()) };
        let label = format!("gains_{}", self.gains);
        self.gains += 1;
        e.data(&label, mantissas.iter().copied());
        e.set(pointer, &label);
        (Some(e.rescales.tail(Kind::Give, *shift)), format!("_gain_{shift}"))
    }

    /// The routines.
    pub fn code(&self, e: &Emitter) -> Result<String, CompileError> {
        let mut code = e.call("norm.asm", "code", ())?;
        for (part, context) in self.routines.values() {
            let file = if *part == "groups" { "heads.asm" } else { "norm.asm" };
            code += &e.call(file, part, context)?;
        }
        Ok(code)
    }
}

/// The mantissa that all are.
fn same(mantissas: &[u8]) -> Option<u8> {
    let first = *mantissas.first()?;
    mantissas.iter().all(|&mantissa| mantissa == first).then_some(first)
}

/// What the shifts of a norm of `n` words are on the mean: how many bits the largest has above a byte, how many halvings the
/// sum of squares has, and by how much products are shifted.
fn shifts(site: &SequenceSite, norm: &Norm, n: usize) -> (f64, f64, f64) {
    let (bits, count) = (site.seen.norm_bits(n), n as f64);
    // The largest of so many values, about.
    let largest = bits + (2.0 * count.ln().max(0.5)).sqrt().log2();
    let above = (largest.floor() - 7.0).clamp(0.0, 8.0);
    // Squares of what is left in a byte, added up.
    let halvings = ((2.0 * (bits - above) + count.log2() - 8.0) / 2.0).ceil().max(0.0);
    (above, halvings, (above + f64::from(norm.down) + halvings).min(24.0))
}

/// A norm of `n` words by a routine.
fn known(f: &mut Facts, site: &SequenceSite, norm: &Norm, n: usize) {
    let (bits, bytes_of) = (site.seen.norm_bits(n), site.seen.norm_bytes(n));
    let count = n as f64;
    let (above, halvings, k) = shifts(site, norm, n);
    f.rounds("norm_or", count).rounds("norm_square", count).odds("norm_or_plus", 0.5);
    f.odds("norm_bits_done", if above > 0.0 { 0.0 } else { 1.0 }).rounds("norm_bits", above);
    let many = above > 3.0;
    f.odds("norm_many", if many { 1.0 } else { 0.0 });
    let entry = if many {
        ("norm_double", above as isize - 4, 1.0)
    } else {
        ("norm_halve", 2 * (3 - above as isize), 1.0)
    };
    f.detour_into("norm_plus>(ix)", &[], &[entry]);
    let square = 2.0 * (bits - above);
    f.odds("norm_plus", 0.5).odds("norm_next", 1.0 - (square - 16.0).exp2().min(0.5));
    f.leaves("norm_found", halvings + 1.0).odds("norm_k", 1.0);
    let k = k as isize;
    f.odds("norm_far", if k > 8 { 1.0 } else { 0.0 }).odds("norm_left>ret", 1.0);
    let entry = if k > 8 { ("norm_right", 2 * (24 - k), 1.0) } else { ("norm_left", 3 * k, 1.0) };
    f.detour_into("norm_scale>(ix)", &[], &[entry]);
    known::bytes(f, bytes_of);
}

/// The same by a routine whose products are narrowed at once where values allow it.
fn known_quick(f: &mut Facts, site: &SequenceSite, norm: &Norm, (n, name): (usize, &str)) {
    let (above, _, k) = shifts(site, norm, n);
    let (doublings, narrow) = (16.0 - f64::from(norm.narrow) - k, f64::from(norm.narrow));
    let is_quick = k - above + narrow >= 9.0 && doublings >= 0.0;
    f.odds(format!("{name}>{name}_next"), if is_quick { 0.0 } else { 1.0 });
    f.rounds(format!("{name}_quick"), n as f64);
    (2..=8).for_each(|bit| {
        f.odds(format!("{name}_{bit}"), 0.5);
    });
    f.detour_into(
        format!("{name}_quick>(ix)"),
        &[],
        &[(&format!("{name}_twice"), (7.0 - doublings.clamp(0.0, 7.0)) as isize, 1.0)],
    );
}

/// Groups of words whose products are made in place, but where they are shifted by less than nine bits.
fn known_groups(f: &mut Facts, site: &SequenceSite, norm: &Norm, (n, name): (usize, &str)) {
    let (_, _, k) = shifts(site, norm, n);
    f.odds(format!("{name}>{name}_next"), if k >= 9.0 { 0.0 } else { 1.0 });
    f.rounds(format!("{name}_quick"), n as f64);
    (2..=8).for_each(|bit| {
        f.odds(format!("{name}_{bit}"), 0.5);
    });
    f.detour_into(
        format!("{name}_signed>(ix)"),
        &[],
        &[(&format!("{name}_half"), 2 * (24 - k.max(9.0) as isize), 1.0)],
    );
    // What a norm gives has this root mean square, about; so many are within a byte.
    let mean = 2040.0 / (n as f64).sqrt() / f64::from(norm.down).exp2();
    known::quick(f, name, 1.0 - (-1.15 * 256.0 / mean).exp());
}
