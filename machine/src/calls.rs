//! Calls and returns, as a machine tells them.

/// A call instruction, or the acceptance of an interrupt: a return address has been pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<A> {
    /// Where execution goes on.
    pub to: A,
    /// The return address.
    pub back: A,
    /// Where on the stack the return address lies: the stack pointer after the push.
    pub slot: u32,
}

/// A return instruction that was taken, or the end of a system service that stands for one. It need not answer a call:
/// programs also jump with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return<A> {
    /// Where execution goes on.
    pub to: A,
    /// Where the address was taken from: the stack pointer before the pop.
    pub slot: u32,
}

/// A call that has not returned yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<A, T> {
    /// The routine's first address.
    pub(crate) entry: A,
    back: A,
    slot: u32,
    /// What the owner of the stack keeps with it.
    pub(crate) tag: T,
}

/// The calls that have not returned, the outermost first.
///
/// A return answers a call only if it takes the address that the call has pushed from where the call has pushed it.
/// So a program may point the stack pointer at data and dispatch with return instructions, or push an address and
/// "return" to it: neither ends a call.
///
/// A routine can also be left without a return, by a jump with the stack pointer set anew. Its frame goes when a later
/// call writes over its return address.
#[derive(Debug, Clone)]
pub(crate) struct CallStack<A, T> {
    frames: Vec<Frame<A, T>>,
}

impl<A: Copy + Eq, T: Copy> CallStack<A, T> {
    pub(crate) fn new() -> Self {
        CallStack { frames: Vec::new() }
    }

    pub(crate) fn frames(&self) -> &[Frame<A, T>] {
        &self.frames
    }

    /// Drops the calls whose return address a push at `slot` writes over, and those inside them. Tells whether there
    /// were any.
    pub(crate) fn overwrite(&mut self, slot: u32) -> bool {
        // Return addresses have two bytes or more, so that slots next to each other overlap.
        let over = self.frames.iter().position(|frame| frame.slot.abs_diff(slot) <= 1);
        self.frames.truncate(over.unwrap_or(self.frames.len()));
        over.is_some()
    }

    pub(crate) fn push(&mut self, call: Call<A>, tag: T) {
        self.frames.push(Frame { entry: call.to, back: call.back, slot: call.slot, tag });
    }

    /// The tag of the call that has returned; calls inside it are over, too. `None`: it was no return from a call.
    pub(crate) fn ret(&mut self, ret: Return<A>) -> Option<T> {
        let at = self.frames.iter().rposition(|frame| frame.slot == ret.slot && frame.back == ret.to)?;
        let tag = self.frames[at].tag;
        self.frames.truncate(at);
        Some(tag)
    }
}
