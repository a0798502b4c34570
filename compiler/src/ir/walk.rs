//! Ways through the tree of blocks.

use super::{BlockId, Graph, NodeId, Op};

impl Graph {
    /// All nodes in the order in which they first run, each with its block: a loop stands before the nodes of its body.
    pub fn walk(&self) -> Vec<(BlockId, NodeId)> {
        let mut nodes = Vec::with_capacity(self.nodes.len());
        self.walk_block(Self::ENTRY, &mut nodes);
        nodes
    }

    fn walk_block(&self, block: BlockId, nodes: &mut Vec<(BlockId, NodeId)>) {
        for &id in &self.blocks[block].nodes {
            nodes.push((block, id));
            if let Op::Loop { body, .. } = self.nodes[id].op {
                self.walk_block(body, nodes);
            }
        }
    }

    /// The block that each node stands in, by the node's index.
    ///
    /// # Panics
    /// When a node stands in none: see [`crate::valid`].
    pub fn homes(&self) -> Vec<BlockId> {
        let mut homes = vec![None; self.nodes.len()];
        for (block, contents) in self.blocks.iter() {
            contents.nodes.iter().for_each(|id| homes[id.index()] = Some(block));
        }
        homes.into_iter().map(|home| home.expect("validated: each node stands in a block")).collect()
    }

    /// For each block but the entry the loop that runs it, by the block's index.
    pub fn loops(&self) -> Vec<Option<NodeId>> {
        let mut loops = vec![None; self.blocks.len()];
        for (id, node) in self.nodes.iter() {
            if let Op::Loop { body, .. } = node.op {
                loops[body.index()] = Some(id);
            }
        }
        loops
    }
}
