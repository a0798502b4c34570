//! Replies that grow side by side, as the programs of all processors have them: `beam` templates. All replies of a round are of the
//! same length, so that the position is theirs together; each has keys and values of its own.

use crate::model::{Choice, Story, Transformer, Turns};

/// Bytes of a reply's record: its cost (4), its token (2), the reply that it continues or its place in the round, the place of its
/// keys and values.
pub const RECORD: usize = 8;
/// Bytes of what is noted of a token: itself, and the place in the round before of the reply that it continues.
pub const NOTE: usize = 3;
/// What no program does, in words.
pub const EXCESS: &str = "beam search where a reply of `most` tokens may cost more than 32 bits";

/// Of the replies that grow behind a round, how many get copies of keys and values, and of all continuations, how many end: about as
/// in models that come with mlc.
pub const COPIED: f64 = 0.3;
pub const ENDS: f64 = 0.01;

/// Replies side by side; `None`: a token is taken at a time.
pub fn width(story: &Story) -> Option<usize> {
    story.choice.beam.map(usize::from)
}

/// How many caches there are: of each reply, and of the best that has ended where the conversation goes on behind it.
pub fn caches(story: &Story) -> usize {
    width(story).map_or(1, |width| width + usize::from(keeps(story)))
}

/// Whether the conversation goes on behind a reply.
pub fn keeps(story: &Story) -> bool {
    Turns::is_kept(story.turns.as_ref())
}

/// Whether a reply can cost more than 32 bits.
pub fn excess(story: &Story, body: &Transformer) -> bool {
    let most = Choice::beam_rules(story.logit_bits).most(body.outputs());
    // The largest number stands for no reply.
    width(story).is_some() && u64::from(most) * u64::from(story.most) >= u64::from(u32::MAX)
}
