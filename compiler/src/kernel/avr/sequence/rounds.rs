//! Blocks that run in several rounds, with the same code: the embedding is added to the stream before each, and each has
//! caches of its own.

use super::context::Plain;
use super::writer::{Writer, value};
use crate::CompileError;
use crate::kernel::predict::Runs;
use crate::model::Transformer;

impl Writer<'_> {
    /// What stands in front of the blocks where the stream begins with values of its own.
    pub fn begin_rounds(&mut self, body: &Transformer) -> Result<(), CompileError> {
        if body.start.is_empty() {
            return Ok(());
        }
        let count = format!("ldi r24, {}", body.dim % 256);
        self.stage("embed", "what the stream begins with, and the embedding beside it");
        let start: Vec<u8> = body.start.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.data("net_started", &start);
        self.routine("net_stream", ("rounds.S", "begin"), || value(Plain {}))?;
        self.routine("net_add", ("rounds.S", "add"), || value(Plain {}))?;
        self.pair(26, "stream");
        self.pair(28, "embedded");
        self.pair(30, "net_started");
        self.line(&count);
        self.line("call net_stream");
        self.known.here().rounds("net_stream", body.dim as f64);
        if body.rounds > 1 {
            self.line(&format!("ldi r24, {}", body.rounds));
            self.line("sts net_round, r24             ; rounds left");
            match self.beam {
                Some(_) => self.load_word(24, "beam_caches"),
                None => self.pair(24, "caches"),
            }
            self.store_caches();
            self.label("net_again");
            self.known.part("net_again", Runs::Rounds);
        }
        self.pair(26, "stream");
        self.pair(28, "embedded");
        self.line(&count);
        self.line("call net_add");
        self.known.here().rounds("net_add", body.dim as f64);
        Ok(())
    }

    /// What stands behind the blocks. `bytes`: those of the caches of a round.
    pub fn end_round(&mut self, body: &Transformer, bytes: usize) {
        if body.rounds == 1 {
            return;
        }
        self.stage("embed", "the next round, with the caches behind");
        self.load_caches(24, "net_caches", bytes);
        self.store_caches();
        self.line("lds r24, net_round");
        self.line("dec r24");
        self.line("sts net_round, r24");
        self.line("breq net_rounds_end");
        self.line("jmp net_again");
        self.label("net_rounds_end");
    }

    fn store_caches(&mut self) {
        self.line("sts net_caches, r24");
        self.line("sts net_caches+1, r25");
    }

    fn load_word(&mut self, register: usize, name: &str) {
        self.line(&format!("lds r{register}, {name}"));
        self.line(&format!("lds r{}, {name}+1", register + 1));
    }

    /// Loads what is so many bytes behind the first byte of the caches of this round.
    fn load_caches(&mut self, register: usize, name: &str, offset: usize) {
        self.load_word(register, name);
        if offset > 0 {
            self.line(&format!("subi r{register}, lo8(-({offset}))"));
            self.line(&format!("sbci r{}, hi8(-({offset}))", register + 1));
        }
    }

    /// Loads the address of a place in the caches of this round into a pair of registers, of r16 or above.
    pub fn cache(&mut self, register: usize, body: &Transformer, offset: usize) {
        match body.rounds {
            1 if self.beam.is_some() => self.load_caches(register, "beam_caches", offset),
            1 => self.pair(register, &format!("caches+{offset}")),
            _ => self.load_caches(register, "net_caches", offset),
        }
    }

    /// Where another token waits, the next one is read: nobody asks for what follows in the last block of the last round.
    pub fn skip_rest(&mut self, body: &Transformer) {
        if body.rounds > 1 {
            self.line("lds r24, net_round");
            self.line("cpi r24, 1");
            self.line("brne net_rest");
        }
        self.line("lds r24, net_waiting");
        self.line("tst r24");
        self.line("breq net_rest");
        self.line("jmp net_read_on");
        self.label("net_rest");
    }
}
