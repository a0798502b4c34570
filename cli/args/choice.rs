//! How a sequence model chooses tokens, where the command line says something else than the model.

use super::values::{thousandths, whole};
use crate::error::CliError;
use crate::say::say;
use clap::Args;
use mlc_compiler::model::{Answer, Choice, Draw, MOST_WIDE, Model, Penalty};

/// The heading of these options.
const CHOICE: &str = "Choosing tokens, of sequence models";

/// What the model says is left as it is where an option is not given.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = CHOICE)]
pub struct ChoiceArgs {
    /// Take the largest logit
    #[arg(long, conflicts_with_all = ["temperature", "top_k", "top_p", "min_p"])]
    pub greedy: bool,
    /// Draw tokens; logits are divided by T, up to 10; 0 is --greedy
    #[arg(long, value_name = "T", value_parser = thousandths(0, 10_000))]
    pub temperature: Option<u16>,
    /// Draw of the N likeliest tokens, 255 at most [default: 40]
    #[arg(long, value_name = "N", value_parser = whole(1u8, 255))]
    pub top_k: Option<u8>,
    /// Draw of the likeliest tokens that have this share together [default: 1]
    #[arg(long, value_name = "SHARE", value_parser = thousandths(1, 1000))]
    pub top_p: Option<u16>,
    /// Draw of tokens that are at least this likely beside the likeliest [default: 0]
    #[arg(long, value_name = "SHARE", value_parser = thousandths(0, 1000))]
    pub min_p: Option<u16>,
    /// Divide logits of tokens that were read a short while ago, up to 3.9; 1 is none
    #[arg(long, value_name = "P", value_parser = thousandths(1000, 3900))]
    pub repetition_penalty: Option<u16>,
    /// Search for the likeliest reply among N side by side, 2 to 4
    #[arg(long, value_name = "N", value_parser = whole(2u8, MOST_WIDE),
        conflicts_with_all = ["temperature", "top_k", "top_p", "min_p", "repetition_penalty", "greedy"])]
    pub beam: Option<u8>,
}

/// Where random numbers start.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = CHOICE)]
pub struct DrawSeed {
    /// Draw tokens by random numbers from N on, 1 to 65535 [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(1u16, u16::MAX), conflicts_with_all = ["greedy", "beam"])]
    pub seed: Option<u16>,
}

impl ChoiceArgs {
    /// Lets a model choose so.
    ///
    /// # Errors
    /// An option for a model that writes no tokens.
    pub fn apply(&self, seed: Option<u16>, model: &mut Model) -> Result<(), CliError> {
        let Some(option) = self.given(seed) else { return Ok(()) };
        let Answer::Story(story) = &mut model.answer else {
            return Err(CliError::Usage(format!("{option} is for sequence models: leave it out")));
        };
        if story.classifies() {
            return Err(CliError::Usage(format!(
                "{option} is for models that write text: this one gives a label"
            )));
        }
        if self.beam.is_some() && !story.tools.is_empty() {
            return Err(CliError::Usage(
                "--beam is for models without tools: replies that are dropped would call them".into(),
            ));
        }
        if self.beam.is_some() && !story.choice.is_plain() {
            say!("note: the likeliest reply is searched for: nothing is drawn, and no token is held back");
        }
        story.choice = self.over(seed, story.choice);
        Ok(())
    }

    /// The first option that was given.
    pub fn given(&self, seed: Option<u16>) -> Option<&'static str> {
        let given = [
            (self.greedy, "--greedy"),
            (self.temperature.is_some(), "--temperature"),
            (self.top_k.is_some(), "--top-k"),
            (self.top_p.is_some(), "--top-p"),
            (self.min_p.is_some(), "--min-p"),
            (self.repetition_penalty.is_some(), "--repetition-penalty"),
            (self.beam.is_some(), "--beam"),
            (seed.is_some(), "--seed"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }

    fn over(&self, seed: Option<u16>, model: Choice) -> Choice {
        if let beam @ Some(_) = self.beam {
            return Choice { beam, ..Choice::default() };
        }
        let says = self.top_k.is_some() || self.top_p.is_some() || self.min_p.is_some() || seed.is_some();
        let draw = match (self.temperature, model.draw) {
            _ if self.greedy => None,
            (Some(0), _) => None,
            (None, None) if !says => None,
            (temperature, draw) => {
                let draw = draw.unwrap_or_default();
                Some(Draw {
                    temperature: temperature.unwrap_or(draw.temperature),
                    top_k: self.top_k.unwrap_or(draw.top_k),
                    top_p: self.top_p.unwrap_or(draw.top_p),
                    min_p: self.min_p.unwrap_or(draw.min_p),
                    seed: seed.unwrap_or(draw.seed),
                })
            }
        };
        let penalty = match self.repetition_penalty {
            None => model.penalty,
            Some(1000) => None,
            Some(strength) => Some(Penalty { strength, ..model.penalty.unwrap_or_default() }),
        };
        Choice { draw, penalty, beam: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_change_what_the_model_says() {
        let args = ChoiceArgs::default();
        let draw = Draw { temperature: 800, top_k: 7, ..Draw::default() };
        let model =
            Choice { draw: Some(draw), penalty: Some(Penalty { strength: 1200, recent: 9 }), beam: None };
        assert_eq!(args.over(None, model), model);
        let beam = ChoiceArgs { beam: Some(3), ..ChoiceArgs::default() };
        assert_eq!(beam.over(None, model), Choice { beam: Some(3), ..Choice::default() });
        assert_eq!(args.over(None, Choice::default()), Choice::default());
        assert_eq!(args.over(Some(5), model).draw, Some(Draw { seed: 5, ..draw }));
        assert_eq!(args.over(Some(5), Choice::default()).draw, Some(Draw { seed: 5, ..Draw::default() }));
        let greedy = ChoiceArgs { greedy: true, ..ChoiceArgs::default() };
        assert_eq!(greedy.over(None, model), Choice { draw: None, ..model });
        let cold = ChoiceArgs { temperature: Some(0), ..ChoiceArgs::default() };
        assert_eq!(cold.over(None, model).draw, None);
        let warm = ChoiceArgs { temperature: Some(2000), min_p: Some(50), ..ChoiceArgs::default() };
        assert_eq!(warm.over(None, model).draw, Some(Draw { temperature: 2000, min_p: 50, ..draw }));
        let held = |p| ChoiceArgs { repetition_penalty: Some(p), ..ChoiceArgs::default() };
        assert_eq!(held(1000).over(None, model).penalty, None);
        assert_eq!(held(1500).over(None, model).penalty, Some(Penalty { strength: 1500, recent: 9 }));
    }
}
