//! The ranges that a pass shows. They stay on the device until it has ended: each look at a number would wait for all before it.

use crate::arrays::{Done, download};
use crate::sequence::ranges::{BlockRanges, Ranges};
use tch::Tensor;

/// A range of a block, of which every block has one.
pub(super) type OfBlock = fn(&mut BlockRanges) -> &mut f32;
/// A range of the whole network.
pub(super) type OfNet = fn(&mut Ranges) -> &mut f32;

enum Place {
    Block(usize, OfBlock),
    Net(OfNet),
}

/// Largest magnitudes and what they are of.
#[derive(Default)]
pub(super) struct Seen {
    found: Vec<(Place, Tensor)>,
    closed: bool,
}

impl Seen {
    /// Takes no notice of anything.
    pub(super) fn nothing() -> Self {
        Self { closed: true, ..Self::default() }
    }

    pub(super) fn of_block(&mut self, at: usize, range: OfBlock, x: &Tensor) -> Done {
        self.note(Place::Block(at, range), x)
    }

    pub(super) fn of_net(&mut self, range: OfNet, x: &Tensor) -> Done {
        self.note(Place::Net(range), x)
    }

    fn note(&mut self, place: Place, x: &Tensor) -> Done {
        if !self.closed {
            let (least, most) = x.f_detach()?.f_aminmax(None::<i64>, false)?;
            self.found.push((place, most.f_maximum(&least.f_neg()?)?));
        }
        Ok(())
    }

    /// The largest of each.
    pub(super) fn read(&self, blocks: usize) -> Done<Ranges> {
        let mut ranges = Ranges::new(blocks);
        if self.found.is_empty() {
            return Ok(ranges);
        }
        let most: Vec<&Tensor> = self.found.iter().map(|(_, most)| most).collect();
        for ((place, _), most) in self.found.iter().zip(download(&Tensor::f_stack(&most, 0)?)?) {
            let range = match place {
                Place::Block(at, range) => range(&mut ranges.blocks[*at]),
                Place::Net(range) => range(&mut ranges),
            };
            *range = range.max(most);
        }
        Ok(ranges)
    }
}
