//! Norms, and what turns or narrows the heads of queries and keys.

use super::context::{Gain, Norms, Rotate, Shift, scaled_bytes};
use super::writer::{Writer, value};
use crate::CompileError;
use crate::kernel::length;
use crate::model::{Norm, NormOrder, Transformer};

impl Writer<'_> {
    /// The input of a layer in `act`, 8 bits of the stream: normalised where norms stand before layers.
    pub fn in_front(&mut self, name: &str, norm: &Norm, body: &Transformer) -> Result<(), CompileError> {
        match body.order {
            NormOrder::Pre => self.norm8(name, norm, body.dim),
            NormOrder::Post => self.narrow8(name, norm.narrow, body.dim),
        }
    }

    /// What a layer has left in the stream, normalised where norms stand behind layers.
    pub fn behind(&mut self, name: &str, norm: &Norm, body: &Transformer) -> Result<(), CompileError> {
        if body.order == NormOrder::Pre {
            return Ok(());
        }
        self.stage("norm", &format!("{name}: norm behind the layer"));
        self.call_norm16(norm, ("stream", "stream"), body.dim)?;
        if norm.gain.is_some() {
            let gain = self.gain(name, norm, None)?;
            self.pair(28, "stream");
            self.pair(26, "stream");
            self.pair(30, &format!("{name}_gain"));
            self.line(&format!("ldi r24, {}", body.dim % 256));
            self.line(&format!("call {gain}"));
            self.known.here().rounds(format!("{gain}_value"), body.dim as f64);
        }
        self.stream_length = length::normalised(norm, body.dim);
        Ok(())
    }

    /// The stream, narrowed to 8 bits, to `act`.
    pub fn narrow8(&mut self, name: &str, bits: u8, count: usize) -> Result<(), CompileError> {
        self.length = length::narrowed(self.stream_length, bits, count);
        self.filled = None;
        self.stage("norm", &format!("{name}: the stream in 8 bits"));
        let label = self.narrow(bits)?;
        self.pair(28, "stream");
        self.pair(26, "act");
        self.line(&format!("ldi r24, {}", count % 256));
        self.line(&format!("call {label}"));
        self.known.here().rounds(&label, count as f64);
        Ok(())
    }

    /// The routine that narrows words to bytes.
    fn narrow(&mut self, bits: u8) -> Result<String, CompileError> {
        let label = format!("net_narrow_{bits}");
        let sh = Shift::new(bits);
        self.routine(&label, ("norm.S", "narrow"), || {
            value(Gain { name: label.clone(), bits: 8, bytes: 3, sh, narrow: sh })
        })?;
        Ok(label)
    }

    /// The stream, normalised and narrowed to 8 bits, to `act`.
    pub fn norm8(&mut self, name: &str, norm: &Norm, count: usize) -> Result<(), CompileError> {
        self.length = length::narrowed(length::normalised(norm, count), norm.narrow, count);
        self.filled = None;
        self.stage("norm", &format!("{name}: norm"));
        if norm.gain.is_some() {
            self.call_norm16(norm, ("stream", "spare"), count)?;
            let gain = self.gain(name, norm, Some(norm.narrow))?;
            self.pair(28, "spare");
            self.pair(26, "act");
            self.pair(30, &format!("{name}_gain"));
            self.line(&format!("ldi r24, {}", count % 256));
            self.line(&format!("call {gain}"));
            self.known.here().leaves(format!("{gain}_end"), count as f64);
            return Ok(());
        }
        self.routine("net_norm_8", ("norm.S", "routine"), || {
            value(Norms { name: "net_norm_8", bits: 8, cycles: "62 and 2 for each shift above 7" })
        })?;
        self.pair(28, "stream");
        self.pair(26, "act");
        self.norm_numbers(norm, count);
        self.line(&format!("ldi r23, {}", norm.narrow));
        self.line("call net_norm_8");
        self.known_norm("net_norm_8", norm, count, Some(norm.narrow));
        Ok(())
    }

    fn norm_numbers(&mut self, norm: &Norm, count: usize) {
        self.line(&format!("ldi r24, {}", count % 256));
        self.line(&format!("ldi r25, {}", norm.down));
    }

    fn call_norm16(
        &mut self,
        norm: &Norm,
        (from, to): (&str, &str),
        count: usize,
    ) -> Result<(), CompileError> {
        self.norm16_routine()?;
        self.pair(28, from);
        self.pair(26, to);
        self.norm_numbers(norm, count);
        self.line("call net_norm_16");
        self.known_norm("net_norm_16", norm, count, None);
        Ok(())
    }

    fn norm16_routine(&mut self) -> Result<(), CompileError> {
        self.routine("net_norm_16", ("norm.S", "routine"), || {
            value(Norms { name: "net_norm_16", bits: 16, cycles: "50 and 2 for each shift above 7" })
        })
    }

    /// The routine that multiplies with gains, and narrows to 8 bits behind that if `narrow` says so.
    fn gain(&mut self, name: &str, norm: &Norm, narrow: Option<u8>) -> Result<String, CompileError> {
        let (mantissas, shift) = norm.gain.as_ref().expect("the caller has seen it");
        self.data(&format!("{name}_gain"), mantissas);
        let label = match narrow {
            Some(bits) => format!("net_gain_{shift}_narrow_{bits}"),
            None => format!("net_gain_{shift}"),
        };
        let bits = if narrow.is_some() { 8 } else { 16 };
        self.routine(&label, ("norm.S", "gain"), || {
            let narrow = Shift::new(narrow.unwrap_or(0));
            let bytes = scaled_bytes(*shift);
            value(Gain { name: label.clone(), bits, bytes, sh: Shift::new(*shift), narrow })
        })?;
        Ok(label)
    }

    /// Norms of heads, in place.
    pub fn head_norms(
        &mut self,
        name: &str,
        norm: &Norm,
        at: &str,
        (heads, size): (usize, usize),
    ) -> Result<(), CompileError> {
        self.stage("norm", &format!("{name}: norms of {heads} heads"));
        self.norm16_routine()?;
        let label = format!("{name}_heads");
        self.pair(26, at);
        self.line(&format!("ldi r24, {heads}"));
        self.line("sts net_heads_left, r24");
        self.label(&label);
        self.line("movw r28, r26");
        self.norm_numbers(norm, size);
        self.line("call net_norm_16");
        self.known_norm("net_norm_16", norm, size, None);
        self.known.here().rounds(&label, heads as f64);
        if norm.gain.is_some() {
            let gain = self.gain(name, norm, None)?;
            self.line(&format!("sbiw r26, {}", 2 * size));
            self.line("movw r28, r26");
            self.pair(30, &format!("{name}_gain"));
            self.line(&format!("ldi r24, {size}"));
            self.line(&format!("call {gain}"));
            self.known.here().rounds(format!("{gain}_value"), size as f64);
        }
        self.line("lds r24, net_heads_left");
        self.line("dec r24");
        self.line("sts net_heads_left, r24");
        self.line(&format!("brne {label}"));
        Ok(())
    }

    /// Heads of 16 bits to 8, in place: turned or narrowed.
    pub fn turn(
        &mut self,
        name: &str,
        (rotates, bits): (bool, u8),
        at: &str,
        (heads, size): (usize, usize),
    ) -> Result<(), CompileError> {
        self.stage("rotate", &format!("{name}: {heads} heads to 8 bits"));
        self.pair(26, at);
        self.pair(28, at);
        if rotates {
            let sh = Shift::new(bits);
            let label = format!("net_rotate_{bits}");
            self.routine(&label, ("rotate.S", "routine"), || {
                value(Rotate { name: label.clone(), pairs: size / 2, beam: false, cycles: "about 100", sh })
            })?;
            self.line(&format!("ldi r24, {heads}"));
            self.line(&format!("call {label}"));
            let f = self.known.here();
            f.leaves(format!("{label}_end"), (size / 2) as f64).leaves(format!("{label}_all"), heads as f64);
        } else {
            let label = self.narrow(bits)?;
            self.line(&format!("ldi r24, {}", heads * size));
            self.line(&format!("call {label}"));
            self.known.here().rounds(&label, (heads * size) as f64);
        }
        Ok(())
    }
}
