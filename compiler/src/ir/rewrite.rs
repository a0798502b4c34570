//! Passes rebuild a graph node by node; this keeps the books.

use super::{Arena, Const, ConstId, Facts, Graph, Node, NodeId, Op, RegionId};

/// Copies a graph while a pass changes it. Constants that nothing uses any more are left behind, and
/// facts are dropped: whoever needs them runs the range analysis again.
pub struct Rewriter<'a> {
    old: &'a Graph,
    new: Graph,
    nodes: Vec<Option<NodeId>>,
    consts: Vec<Option<ConstId>>,
}

impl<'a> Rewriter<'a> {
    pub fn new(old: &'a Graph) -> Self {
        let new = Graph {
            name: old.name.clone(),
            regions: old.regions.clone(),
            states: old.states.clone(),
            consts: Arena::default(),
            nodes: Arena::default(),
        };
        Self { old, new, nodes: vec![None; old.nodes.len()], consts: vec![None; old.consts.len()] }
    }

    /// Where the value of an old node is in the new graph.
    ///
    /// # Panics
    /// When the pass has not placed it yet, which the order of nodes rules out for operands.
    pub fn place(&self, old: NodeId) -> NodeId {
        self.nodes[old.index()].expect("operands stand before their users and are rewritten first")
    }

    /// Copies a node as it is, into the same region.
    pub fn copy(&mut self, old: NodeId) -> NodeId {
        self.copy_into(old, self.old.nodes[old].region)
    }

    /// Copies a node as it is, into another region.
    pub fn copy_into(&mut self, old: NodeId, region: RegionId) -> NodeId {
        let node = &self.old.nodes[old];
        let op = {
            let mut constants = Vec::new();
            let _ = node.op.map(
                |id| id,
                |c| {
                    constants.push(c);
                    c
                },
            );
            for c in constants {
                self.keep(c);
            }
            node.op.map(|id| self.place(id), |c| self.consts[c.index()].expect("kept just above"))
        };
        let id = self.add(region, &node.name, op);
        self.replace(old, id);
        id
    }

    /// Adds a node to the new graph.
    ///
    /// # Panics
    /// When the operation does not fit its operands: a bug in the calling pass.
    pub fn add(&mut self, region: RegionId, name: &str, op: Op) -> NodeId {
        match self.new.add(region, name, op) {
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

/// Drops nodes whose value nobody uses and that have no effect. Sound because such a node's only
/// consequence is its value; ends because it walks the list once, backwards.
pub fn drop_unused(graph: &Graph) -> Graph {
    let mut used = vec![false; graph.nodes.len()];
    for (id, node) in graph.nodes.iter().rev() {
        used[id.index()] |= node.op.is_pinned() && !matches!(node.op, Op::State { .. });
        if used[id.index()] {
            node.op.operands().iter().for_each(|o| used[o.index()] = true);
        }
    }
    let mut rewriter = Rewriter::new(graph);
    for id in graph.nodes.ids().filter(|id| used[id.index()]) {
        rewriter.copy(id);
    }
    rewriter.finish()
}

impl Graph {
    /// The same graph with other facts.
    pub fn with_facts(mut self, facts: Vec<Facts>) -> Self {
        for (id, fact) in self.nodes.ids().zip(facts) {
            self.nodes[id].facts = fact;
        }
        self
    }
}
