//! The schema of an n-gram prior in `model.ron`: each row of costs is base64 of its bytes.

use super::transformer::{base64, unbase64};
use crate::import::Problem;
use crate::model;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    shift: u8,
    last: Vec<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<(u32, u32, u16)>,
    costs: Vec<String>,
}

impl From<&model::Prior> for Prior {
    fn from(from: &model::Prior) -> Self {
        Self {
            shift: from.shift,
            last: from.last.clone(),
            pairs: from.pairs.iter().map(|pair| (pair.before, pair.last, pair.row)).collect(),
            costs: from.costs.chunks(from.vocabulary().max(1)).map(base64).collect(),
        }
    }
}

impl Prior {
    /// The prior that is written; [`model::Model::check`] is still to come.
    ///
    /// # Errors
    /// A text that is no base64, or a row of another length than there are tokens.
    pub fn read(self) -> Result<model::Prior, Problem> {
        let mut costs = Vec::new();
        let width = self.last.len();
        for (row, text) in self.costs.iter().enumerate() {
            let field = format!("prior.costs[{}]", row + 1);
            let bytes = unbase64(&field, text)?;
            if bytes.len() != width {
                let what = format!("{} costs for {width} tokens", bytes.len());
                return Err(Problem::Packed { field, what });
            }
            costs.extend(bytes);
        }
        let pair = |(before, last, row)| model::Pair { last, before, row };
        let pairs = self.pairs.into_iter().map(pair).collect();
        Ok(model::Prior { shift: self.shift, costs, last: self.last, pairs })
    }
}
