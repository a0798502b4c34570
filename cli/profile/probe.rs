//! Lets the profiler watch a machine, as its [`Probe`].

use crate::sim::machine::Probe;
use mlc_machine::{Call, Profiler, Return};

/// Counts every cycle of a run; of one that answers a typed question, from the end of the question on.
pub struct ProfileProbe {
    pub profiler: Profiler<u32>,
    /// Whether what comes before a typed line is not counted.
    questions: bool,
    /// When the line ended.
    asked: u64,
}

impl ProfileProbe {
    /// `phases` as for [`Profiler::new`]. `questions`: see there.
    pub fn new(phases: Vec<Option<u8>>, questions: bool) -> Self {
        Self { profiler: Profiler::new(phases), questions, asked: 0 }
    }
}

impl Probe for ProfileProbe {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, pc: u32, before: u64, after: u64) {
        self.profiler.add(pc, after - before.max(self.asked));
    }

    fn on_call(&mut self, call: Call<u32>) {
        self.profiler.call(call);
    }

    fn on_return(&mut self, ret: Return<u32>) {
        self.profiler.ret(ret);
    }

    fn on_line_end(&mut self, cycles: u64) {
        if self.questions {
            self.asked = cycles;
            self.profiler.forget();
        }
    }
}
