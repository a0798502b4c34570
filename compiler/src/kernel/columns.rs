//! What kernels that add weights column by column offer, whatever the processor.

use super::{Kernel, Offer, View};
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, Stage, Work, share};
use crate::weights::Form;

/// A form as a processor's column kernels store it.
pub struct Stored {
    /// Whether it can count in bytes.
    pub can_count: bool,
    /// Whether outputs share the sums that pay.
    pub shares: bool,
}

/// An offer of `kernel` for each form of columns that it can add for stage `at`. `stored` says how a form is stored, if
/// columns can be; `bytes` what the weights of a product take in it.
pub fn offers(
    kernel: &'static dyn Kernel,
    (view, at): (&View, usize),
    prices: share::Prices,
    stored: &dyn Fn(Form, &Product) -> Option<Stored>,
    bytes: &dyn Fn(Form, &Product) -> usize,
) -> Vec<Offer> {
    let stage = &view.stages[at];
    let Some(plain) = stage.product() else { return vec![] };
    let offer = |form: Form| {
        let Stored { can_count, shares } = stored(form, plain)?;
        if plain.counts().is_some() && !can_count {
            return None;
        }
        let folded = || folded(plain, &view.usage.stages[at], prices);
        let stage = shares.then(|| Stage { work: Work::Product(folded()), ..stage.clone() });
        let mut stages = view.stages.to_vec();
        stages[at].clone_from(stage.as_ref().unwrap_or(&view.stages[at]));
        let view = View { stages: &stages, ..*view };
        let bytes = bytes(form, stages[at].product()?);
        let cost: f64 = kernel.cost(&view, at, Some(form)).iter().map(|(_, cycles)| cycles).sum();
        let cost = cost / view.usage.per_step();
        Some(Offer { kernel, form: Some(form), home: view.home(at), bytes, cost, scratch: 0, stage })
    };
    Form::ALL.into_iter().filter_map(offer).collect()
}

/// The product with the sums shared that pay.
fn folded(product: &Product, usage: &ProductUsage, prices: share::Prices) -> Product {
    // Sums that another stage starts with are needed as they are.
    let free = !product.is_hashed() && product.constants().is_some();
    let folds = if free { share::folds(product, usage, prices) } else { vec![] };
    share::folded(product, &folds)
}
