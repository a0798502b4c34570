//! Options with a value for each layer, as they are typed and as `train.ron` has them.

use mlc_compiler::model::WeightSet;
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

/// Sets of weights: one for all layers, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WeightsArg(pub Vec<WeightSet>);

impl FromStr for WeightsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let set = |name: &str| {
            let found = WeightSet::ALL.into_iter().find(|set| set.name().eq_ignore_ascii_case(name.trim()));
            found
                .ok_or_else(|| format!("\"{name}\" is no set of weights: there are full, ternary and binary"))
        };
        text.split(',').map(set).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for WeightsArg {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WeightsArg> for String {
    fn from(WeightsArg(sets): WeightsArg) -> Self {
        sets.iter().map(|set| set.name().to_ascii_lowercase()).collect::<Vec<_>>().join(",")
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
        let sets = |text: &str| text.parse::<WeightsArg>().map(|arg| arg.0);
        assert_eq!(sets("full, Ternary,binary"), Ok(WeightSet::ALL.to_vec()));
        assert_eq!(
            sets("full,tern").unwrap_err(),
            "\"tern\" is no set of weights: there are full, ternary and binary"
        );
    }
}
