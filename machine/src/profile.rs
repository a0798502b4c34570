//! Which instruction took how long, and on whose behalf.

use std::collections::BTreeMap;

use crate::calls::{Call, CallStack, Return};
use crate::symbols::Address;

/// Deeper calls are counted for the routine at this depth, so that a program that calls itself without end does not
/// make an endless table.
const MAX_DEPTH: usize = 64;

/// Addresses with a count of their own are kept in pieces of so many.
const PAGE: usize = 256;

/// What was counted at an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How often the instruction was executed.
    pub runs: u64,
    /// The clock cycles that it took in all.
    pub cycles: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.runs += other.runs;
        self.cycles += other.cycles;
    }
}

/// The counts of one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context<A> {
    /// The phase.
    pub phase: u8,
    /// Entries of the routines that were called in this phase and had not returned, the outermost first.
    pub calls: Vec<A>,
    /// What was executed there, by address.
    pub counts: Vec<(A, Count)>,
}

/// A node of the tree of contexts.
struct Node<A> {
    /// `None` for a phase outside all calls made in it.
    caller: Option<(usize, A)>,
    phase: u8,
    depth: usize,
    /// By [`Address::index`] divided by [`PAGE`].
    pages: Vec<Option<Box<[Count; PAGE]>>>,
}

/// What belongs to a call: who made it.
#[derive(Debug, Clone, Copy)]
struct Caller {
    phase: u8,
    node: usize,
}

/// Adds up clock cycles by address and context. A machine's crate makes it an observer.
///
/// A context is the phase (see [`Profiler::new`]), and the calls made in that phase that have not returned. Calls that
/// another phase has made do not count: how phases follow each other is the program's course, not a matter of callers.
pub struct Profiler<A> {
    /// The phase of every address; `None`, and all beyond: of the phase that was running.
    phases: Vec<Option<u8>>,
    nodes: Vec<Node<A>>,
    roots: BTreeMap<u8, usize>,
    children: BTreeMap<(usize, A), usize>,
    stack: CallStack<A, Caller>,
    phase: u8,
    node: usize,
}

impl<A: Address> Profiler<A> {
    /// `phases`: of each address, by [`Address::index`]. Code of phase `None`, and beyond the end, counts for the phase
    /// that was running when it was reached. A run starts in phase 0.
    pub fn new(phases: Vec<Option<u8>>) -> Self {
        let mut profiler = Profiler {
            phases,
            nodes: Vec::new(),
            roots: BTreeMap::new(),
            children: BTreeMap::new(),
            stack: CallStack::new(),
            phase: 0,
            node: 0,
        };
        profiler.node = profiler.root(0);
        profiler
    }

    /// Forgets everything counted; phase and calls go on.
    pub fn forget(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.pages.clear());
    }

    /// The instruction at `address` took `cycles`.
    #[inline]
    pub fn add(&mut self, address: A, cycles: u64) {
        let index = address.index();
        if let Some(&Some(phase)) = self.phases.get(index)
            && phase != self.phase
        {
            self.phase = phase;
            self.node = self.context();
        }
        let pages = &mut self.nodes[self.node].pages;
        let page = index / PAGE;
        if page >= pages.len() {
            pages.resize(page + 1, None);
        }
        let counts = pages[page].get_or_insert_with(|| Box::new([Count::default(); PAGE]));
        counts[index % PAGE] += Count { runs: 1, cycles };
    }

    /// A call, told after its instruction.
    pub fn call(&mut self, call: Call<A>) {
        if self.stack.overwrite(call.slot) {
            self.node = self.context();
        }
        self.stack.push(call, Caller { phase: self.phase, node: self.node });
        self.node = self.child(self.node, call.to);
    }

    /// A return, told after its instruction.
    pub fn ret(&mut self, ret: Return<A>) {
        if let Some(caller) = self.stack.ret(ret) {
            self.node = if caller.phase == self.phase { caller.node } else { self.context() };
        }
    }

    /// Everything counted, by context. No order is promised but that it is always the same.
    pub fn contexts(&self) -> Vec<Context<A>>
    where
        A: TryFrom<usize>,
    {
        let context = |node: &Node<A>| {
            let mut calls = Vec::new();
            let mut at = node;
            while let Some((caller, entry)) = at.caller {
                calls.push(entry);
                at = &self.nodes[caller];
            }
            calls.reverse();
            let pages = node.pages.iter().enumerate();
            let counts = pages.flat_map(|(n, page)| page.iter().map(move |page| (n * PAGE, page)));
            let counts = counts.flat_map(|(first, page)| (first..).zip(page.iter()));
            let counts = counts.filter(|(_, count)| count.runs > 0);
            // Every index came from an address, so that none is left out.
            let counts = counts.filter_map(|(index, &count)| Some((A::try_from(index).ok()?, count)));
            Context { phase: node.phase, calls, counts: counts.collect() }
        };
        self.nodes.iter().map(context).filter(|context| !context.counts.is_empty()).collect()
    }

    /// The node of the phase that is running and the calls made in it.
    fn context(&mut self) -> usize {
        let mut node = self.root(self.phase);
        for at in 0..self.stack.frames().len() {
            let frame = self.stack.frames()[at];
            if frame.tag.phase == self.phase {
                node = self.child(node, frame.entry);
            }
        }
        node
    }

    fn root(&mut self, phase: u8) -> usize {
        let nodes = &mut self.nodes;
        *self.roots.entry(phase).or_insert_with(|| {
            nodes.push(Node { caller: None, phase, depth: 0, pages: Vec::new() });
            nodes.len() - 1
        })
    }

    fn child(&mut self, node: usize, entry: A) -> usize {
        let Node { phase, depth, .. } = self.nodes[node];
        if depth == MAX_DEPTH {
            return node;
        }
        let nodes = &mut self.nodes;
        *self.children.entry((node, entry)).or_insert_with(|| {
            nodes.push(Node { caller: Some((node, entry)), phase, depth: depth + 1, pages: Vec::new() });
            nodes.len() - 1
        })
    }
}
