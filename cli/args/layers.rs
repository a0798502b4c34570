//! Options with a value for each layer, as they are typed and as `train.ron` has them.

use super::sequence::Bits;
use clap::ValueEnum;
use mlc_compiler::model::{Grid, WeightSet};
use mlc_trainer::Shifts;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

const LEARN: &str = "learn";

/// `learn`, or shifts: one for all layers, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShiftArg(pub Shifts);

impl FromStr for ShiftArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == LEARN {
            return Ok(Self(Shifts::Learnt));
        }
        let shifts = text.split(',').map(|shift| shift.trim().parse());
        let shifts = shifts.collect::<Result<_, _>>();
        shifts.map(|shifts| Self(Shifts::Fixed(shifts))).map_err(|_| {
            format!(
                "\"{text}\" is no shift: write learn, a number from 0 to 7, or one for each layer: 2,2,3,2"
            )
        })
    }
}

impl TryFrom<String> for ShiftArg {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ShiftArg> for String {
    fn from(ShiftArg(shifts): ShiftArg) -> Self {
        match shifts {
            Shifts::Learnt => LEARN.into(),
            Shifts::Fixed(shifts) => shifts.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
        }
    }
}

/// Weights that layers may have: those of one family or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightsOf {
    /// Of layers of hashed text. Sequence models know ternary ones too.
    Set(WeightSet),
    /// Of sequence models.
    Bits(Bits),
}

/// Weights: the same for all layers, or for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WeightsArg(pub Vec<WeightsOf>);

impl WeightsArg {
    /// Those of layers of hashed text.
    ///
    /// # Errors
    /// Weights that only sequence models have.
    pub fn sets(&self) -> Result<Vec<WeightSet>, String> {
        let set = |weights: &WeightsOf| match weights {
            WeightsOf::Set(set) => Ok(*set),
            WeightsOf::Bits(bits) => Err(format!(
                "--weights {}: networks of hashed text have full, ternary or binary weights; others are for \
                 --family sequence",
                bits.typed()
            )),
        };
        self.0.iter().map(set).collect()
    }

    /// Those of a sequence model.
    ///
    /// # Errors
    /// Weights that only layers of hashed text have; several.
    pub fn bits(&self) -> Result<Bits, String> {
        match self.0[..] {
            [WeightsOf::Bits(bits)] => Ok(bits),
            [WeightsOf::Set(WeightSet::Ternary)] => Ok(Bits::Ternary),
            _ => Err(format!(
                "--weights {}: a sequence model has one kind of weights: ternary, or 2 to 8 bits",
                String::from(self.clone())
            )),
        }
    }
}

impl WeightsArg {
    /// Those of a network on numbers.
    ///
    /// # Errors
    /// Weights that it cannot have; several.
    pub fn grid(&self) -> Result<Grid, String> {
        self.bits().map(Bits::grid).map_err(|_| {
            format!(
                "--weights {}: a network on numbers has one kind of weights: ternary, or 2 to 8 bits",
                String::from(self.clone())
            )
        })
    }
}

impl FromStr for WeightsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |name: &str| {
            let name = name.trim();
            let set = WeightSet::ALL.into_iter().find(|set| set.name().eq_ignore_ascii_case(name));
            let bits = || Bits::from_str(name, true).ok().map(WeightsOf::Bits);
            set.map(WeightsOf::Set).or_else(bits).ok_or_else(|| {
                format!(
                    "\"{name}\" is no set of weights: there are full, ternary and binary, and for sequence models and \
                     networks on numbers ternary, and 2 to 8"
                )
            })
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for WeightsArg {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WeightsArg> for String {
    fn from(WeightsArg(all): WeightsArg) -> Self {
        let name = |weights: &WeightsOf| match weights {
            WeightsOf::Set(set) => set.name().to_ascii_lowercase(),
            WeightsOf::Bits(bits) => bits.typed().to_string(),
        };
        all.iter().map(name).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_lists_or_a_word() {
        let shifts = |text: &str| text.parse::<ShiftArg>().map(|arg| arg.0);
        assert_eq!(shifts("learn"), Ok(Shifts::Learnt));
        assert_eq!(shifts("2"), Ok(Shifts::Fixed(vec![2])));
        assert_eq!(shifts("2, 2,3"), Ok(Shifts::Fixed(vec![2, 2, 3])));
        for wrong in ["", "2,", "two", "-1", "2;3", "300"] {
            assert!(shifts(wrong).is_err(), "{wrong}");
        }
        for text in ["learn", "2", "2,2,3"] {
            assert_eq!(text.parse().map(|arg: ShiftArg| String::from(arg)).as_deref(), Ok(text));
        }
        let text = "full,ternary,binary";
        assert_eq!(text.parse().map(|arg: WeightsArg| String::from(arg)).as_deref(), Ok(text));
        let sets = |text: &str| text.parse::<WeightsArg>().and_then(|arg| arg.sets());
        assert_eq!(sets("full, Ternary,binary"), Ok(WeightSet::ALL.to_vec()));
        assert!(
            sets("full,tern").unwrap_err().starts_with("\"tern\" is no set of weights: there are full, ")
        );
        assert!(sets("full,4").unwrap_err().contains("--weights 4"));
        let bits = |text: &str| text.parse::<WeightsArg>().and_then(|arg| arg.bits());
        assert_eq!((bits("3"), bits("ternary")), (Ok(Bits::Three), Ok(Bits::Ternary)));
        let wide = |n: u8| bits(&n.to_string()).unwrap().grid().bits();
        assert!((2..=8).all(|n| wide(n) == n), "a number of bits has so many");
        assert!(bits("full").is_err() && bits("3,3").unwrap_err().contains("--weights 3,3"));
        assert_eq!(String::from("8,ternary".parse::<WeightsArg>().unwrap()), "8,ternary");
    }
}
