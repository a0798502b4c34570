//! What a sequence model answers, at random: turns of a chat, drawing, a penalty.

use super::random::Random;
use mlc_compiler::model::{Answer, Choice, Draw, Model, Penalty, Reader, Turns};

/// Gives a model turns, drawing or a penalty, at least one of them.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn talk(model: &mut Model, r: &mut Random) {
    let (Reader::Tokens(reader), Answer::Story(story)) = (&model.reader, &mut model.answer) else {
        unreachable!("a sequence model")
    };
    let vocabulary = reader.tokenizer.pieces.len();
    let which = r.within(1, 7);
    if which & 1 != 0 {
        let room = (usize::from(story.most) - 1) / 4;
        let mut list = |most: usize| -> Vec<u32> {
            (0..r.within(0, most.min(room))).map(|_| r.within(0, vocabulary - 1) as u32).collect()
        };
        let (start, before, after, close) = (list(3), list(2), list(2), list(2));
        story.turns = Some(Turns { start, before, after, close, keeps: r.chance(80) });
    }
    if which & 2 != 0 {
        story.choice.draw = Some(draw(r));
    }
    if which & 4 != 0 {
        let (strength, recent) = (1001 + r.within(0, 2899) as u16, r.within(1, 12) as u8);
        story.choice.penalty = Some(Penalty { strength, recent });
    }
    assert_ne!((&story.turns, story.choice), (&None, Choice::default()));
    model.check().unwrap_or_else(|e| panic!("{e}"));
}

fn draw(r: &mut Random) -> Draw {
    let draw = Draw {
        temperature: [1, 300, 800, 1000, 2000, 10_000][r.within(0, 5)],
        top_k: [1, 2, 5, 40, 255][r.within(0, 4)],
        top_p: [1, 500, 900, 1000, 1000][r.within(0, 4)],
        min_p: [0, 0, 50, 500, 1000][r.within(0, 4)],
        seed: r.within(1, 65_535) as u16,
    };
    // Where only the likeliest is left, nothing is seen of drawing.
    if r.chance(60) { Draw { temperature: 10_000, top_p: 1000, min_p: 0, ..draw } } else { draw }
}
