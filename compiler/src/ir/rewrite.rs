//! Passes rebuild a graph node by node; this keeps the books.

use super::{Arena, Block, BlockId, Const, ConstId, Facts, Graph, Node, NodeId, Op};

/// Copies a graph while a pass changes it. Blocks and states keep their ids. Constants that nothing uses any more are
/// left behind, and facts are dropped: whoever needs them runs the range analysis again.
pub struct Rewriter<'a> {
    old: &'a Graph,
    new: Graph,
    nodes: Vec<Option<NodeId>>,
    consts: Vec<Option<ConstId>>,
}

/// Rebuilds a graph. `node` is called for each node in the order in which they run, with its block, and says what
/// stands for it in the new graph; loops are copied here.
pub fn rebuild(old: &Graph, mut node: impl FnMut(&mut Rewriter, BlockId, NodeId) -> NodeId) -> Graph {
    let mut rewriter = Rewriter::new(old);
    for (block, id) in old.walk() {
        match old.nodes[id].op {
            Op::Loop { .. } => _ = rewriter.copy(id, block),
            _ => {
                let new = node(&mut rewriter, block, id);
                rewriter.replace(id, new);
            }
        }
    }
    rewriter.finish()
}

impl<'a> Rewriter<'a> {
    pub fn new(old: &'a Graph) -> Self {
        let mut blocks = Arena::default();
        old.blocks.ids().for_each(|_| _ = blocks.push(Block::default()));
        let mut rewriter = Self {
            old,
            new: Graph {
                name: old.name.clone(),
                blocks,
                states: Arena::default(),
                consts: Arena::default(),
                nodes: Arena::default(),
            },
            nodes: vec![None; old.nodes.len()],
            consts: vec![None; old.consts.len()],
        };
        for (_, state) in old.states.iter() {
            let state = state.map(|c| rewriter.keep(c));
            rewriter.new.states.push(state);
        }
        rewriter
    }

    /// Where the value of an old node is in the new graph.
    ///
    /// # Panics
    /// When the pass has not placed it yet, which the order of nodes rules out for operands.
    pub fn place(&self, old: NodeId) -> NodeId {
        self.nodes[old.index()].expect("operands stand before their users and are rewritten first")
    }

    /// Copies a node as it is to the end of a block.
    pub fn copy(&mut self, old: NodeId, block: BlockId) -> NodeId {
        let node = &self.old.nodes[old];
        node.op.constants().into_iter().for_each(|c| _ = self.keep(c));
        let op = node.op.map(|id| self.place(id), |c| self.consts[c.index()].expect("kept just above"));
        let id = self.add(block, &node.name, op);
        self.replace(old, id);
        id
    }

    /// Adds a node to the end of a block of the new graph.
    ///
    /// # Panics
    /// When the operation does not fit its operands: a bug in the calling pass.
    pub fn add(&mut self, block: BlockId, name: &str, op: Op) -> NodeId {
        match self.new.add(block, name, op) {
            Ok(id) => id,
            Err(error) => panic!("a bug in mlc: a pass built {error}"),
        }
    }

    /// Adds a constant to the new graph.
    pub fn constant(&mut self, constant: Const) -> ConstId {
        self.new.consts.push(constant)
    }

    /// Copies a constant, once however often it is asked for.
    pub fn keep(&mut self, old: ConstId) -> ConstId {
        if let Some(id) = self.consts[old.index()] {
            return id;
        }
        let id = self.new.consts.push(self.old.consts[old].clone());
        self.consts[old.index()] = Some(id);
        id
    }

    /// From now on `new` is what users of `old` see.
    pub fn replace(&mut self, old: NodeId, new: NodeId) {
        self.nodes[old.index()] = Some(new);
    }

    /// A node of the new graph.
    pub fn node(&self, new: NodeId) -> &Node {
        &self.new.nodes[new]
    }

    pub fn finish(self) -> Graph {
        self.new
    }
}

/// Drops nodes whose value nobody uses and that have no effect. Sound because such a node's only consequence is its
/// value; ends because it walks the nodes once, backwards.
pub fn drop_unused(graph: &Graph) -> Graph {
    let mut used = vec![false; graph.nodes.len()];
    for (_, id) in graph.walk().into_iter().rev() {
        let op = &graph.nodes[id].op;
        used[id.index()] |= op.has_effect();
        if used[id.index()] {
            op.operands().iter().for_each(|o| used[o.index()] = true);
        }
    }
    let mut rewriter = Rewriter::new(graph);
    for (block, id) in graph.walk().into_iter().filter(|(_, id)| used[id.index()]) {
        rewriter.copy(id, block);
    }
    rewriter.finish()
}

impl Graph {
    /// The same graph with other facts, one for each node.
    pub fn with_facts(mut self, facts: Vec<Facts>) -> Self {
        for (id, fact) in self.nodes.ids().zip(facts) {
            self.nodes[id].facts = fact;
        }
        self
    }
}
