//! Root-mean-square norms.

use super::emit::Emitter;
use super::known;
use super::rescale::Kind;
use crate::CompileError;
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

#[derive(Serialize)]
struct Context {
    name: String,
    /// What narrows an element.
    tail: String,
    /// What shifts an element behind its gain, if it has one.
    gain: Option<String>,
    /// Words of a group; 0: 256.
    size: usize,
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
        known::norm(e.known.here(), e.site, norm, dim);
        e.known.here().rounds(format!("{name}_next"), dim as f64);
        self.routines.insert(name.clone(), ("bytes", Context { name, tail, gain, size: 0 }));
    }

    /// The residual stream becomes bytes as it is.
    pub fn narrow(&mut self, e: &mut Emitter, bits: u8) {
        e.stage("norm");
        let (name, tail) = (format!("narrow_{bits}"), e.rescales.word(bits));
        e.set("rows_out", "bytes");
        e.lines(&["ld hl,latent", &format!("ld b,{}", e.site.body.dim % 256), &format!("call {name}")]);
        e.known.here().rounds(&name, e.site.body.dim as f64);
        self.routines.insert(name.clone(), ("narrow", Context { name, tail, gain: None, size: 0 }));
    }

    /// Each of some groups of `size` words, in its place.
    pub fn groups(&mut self, e: &mut Emitter, norm: &Norm, at: &str, (groups, size): (usize, usize)) {
        e.stage("norm");
        let (gain, suffix) = self.gain(e, norm, "norm_gain");
        let name = format!("norm_groups_{size}{suffix}");
        e.lines(&[&format!("ld hl,{at}"), &format!("ld c,{groups}"), &format!("ld a,{}", norm.down)]);
        e.line(format!("call {name}"));
        known::norm(e.known.here(), e.site, norm, size);
        e.known.here().rounds(format!("{name}_next"), size as f64).rounds(&name, groups as f64);
        let (tail, size) = (String::new(), size % 256);
        self.routines.insert(name.clone(), ("groups", Context { name, tail, gain, size }));
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
            code += &e.call("norm.asm", part, context)?;
        }
        Ok(code)
    }
}
