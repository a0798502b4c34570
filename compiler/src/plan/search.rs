//! Which combinations of forms are worth assembling, and in which order.

use super::choose::Survey;
use super::demands::{Demands, NoSuchLayer, Optimize, ROUGH};
use super::{Needs, Offer};
use crate::ir::Form;

/// More combinations than this are not tried one by one: six stages of five forms.
const EXHAUSTIVE: usize = 15_625;
/// Most combinations that are assembled, the last resort apart.
const TRIES: usize = 8;
/// Percent by which the estimate of shared code may be wrong: what misses by this may still fit.
const MARGIN: usize = 2;

/// Combinations of forms worth trying, in the order to try them. For speed those whose estimate fits, by cost, and
/// last the smallest of all, so that a refusal names the least size. For size those that may be the smallest.
///
/// # Errors
/// A demand for a layer that is not there.
pub fn candidates(survey: &Survey, demands: &Demands) -> Result<Vec<Vec<Form>>, NoSuchLayer> {
    let allowed: Vec<Vec<Form>> = demands
        .forms(&survey.network)?
        .into_iter()
        .map(|form| form.map_or(Form::ALL.to_vec(), |form| vec![form]))
        .collect();
    let all = combinations(survey, &allowed);
    let smallest = smallest(survey, &all);
    let least = smallest[0].needs.image;
    let within = |c: &Candidate| c.needs.image <= with_margin(least);
    let mut tries = match demands.optimize {
        Optimize::Speed => fastest(survey, demands, &all),
        Optimize::Size => {
            let near =
                smallest.iter().filter(|c| within(c) && demands.may_fit(&survey.target, c.needs, MARGIN));
            near.map(|c| c.forms.clone()).take(TRIES).collect()
        }
    };
    if !tries.contains(&smallest[0].forms) {
        tries.push(smallest[0].forms.clone());
    }
    Ok(tries)
}

/// What an estimate may be if another one, which may be wrong, is the least.
fn with_margin(least: usize) -> usize {
    least.saturating_add(least / 100 * MARGIN + ROUGH)
}

/// A combination with its estimates.
struct Candidate {
    needs: Needs,
    cost: f64,
    forms: Vec<Form>,
}

/// The combinations that may fit, from the fastest on, or from the smallest that the processor's slack allows. One
/// that misses by a little is followed by one that needs less, so few tries suffice.
fn fastest(survey: &Survey, demands: &Demands, all: &[Vec<Form>]) -> Vec<Vec<Form>> {
    let mut order: Vec<(f64, &Vec<Form>)> = all.iter().map(|forms| (survey.cost(forms), forms)).collect();
    // Stable: of equally fast combinations the first one goes first.
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut tries = Vec::new();
    let mut least = usize::MAX;
    let slack = survey.processor().slack();
    let mut enough = None;
    for (cost, forms) in order {
        // Weights alone are less than the whole, and are known at once.
        let weights = Needs { image: survey.weight_bytes(forms), buffers: 0 };
        if !demands.may_fit(&survey.target, weights, MARGIN) || weights.image >= least {
            continue;
        }
        let (needs, _) = survey.estimate(forms);
        if demands.may_fit(&survey.target, needs, MARGIN) && needs.total() < least {
            least = needs.total();
            // The one before is hardly faster, and larger.
            if slack > 1.0 && cost <= *enough.get_or_insert(cost * slack) {
                tries.clear();
            }
            tries.push(forms.clone());
            if tries.len() == TRIES {
                break;
            }
        }
    }
    tries
}

/// The combinations that may be the smallest, by estimate; of equal ones the fastest first. Not empty.
fn smallest(survey: &Survey, all: &[Vec<Form>]) -> Vec<Candidate> {
    let mut order: Vec<(usize, &Vec<Form>)> =
        all.iter().map(|forms| (survey.weight_bytes(forms), forms)).collect();
    order.sort_by_key(|(weights, _)| *weights);
    let mut found: Vec<Candidate> = Vec::new();
    let mut least = usize::MAX;
    for (weights, forms) in order {
        // All that follow have more weights, so none is smaller.
        if weights > with_margin(least) {
            break;
        }
        let (needs, cost) = survey.estimate(forms);
        least = least.min(needs.image);
        found.push(Candidate { needs, cost, forms: forms.clone() });
    }
    found.sort_by(|a, b| a.needs.image.cmp(&b.needs.image).then(a.cost.total_cmp(&b.cost)));
    found
}

/// All combinations, or for deep networks those on the way from the fastest to the smallest: the stage
/// that pays least for each byte saved changes first.
fn combinations(survey: &Survey, allowed: &[Vec<Form>]) -> Vec<Vec<Form>> {
    let count = allowed.iter().try_fold(1usize, |product, forms| product.checked_mul(forms.len()));
    if count.is_some_and(|n| n <= EXHAUSTIVE) {
        let mut all: Vec<Vec<Form>> = vec![vec![]];
        for forms in allowed {
            let longer = |head: &Vec<Form>| {
                let head = head.clone();
                forms.iter().map(move |&f| [head.as_slice(), &[f]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        return all;
    }
    let offers = |stage: usize| survey.offers[stage].iter().filter(move |o| allowed[stage].contains(&o.form));
    let fastest = |stage| offers(stage).min_by(|a, b| a.cost.total_cmp(&b.cost)).map(|o| o.form);
    let mut forms: Vec<Form> = (0..allowed.len()).filter_map(fastest).collect();
    let mut path = vec![forms.clone()];
    while let Some((stage, form)) = best_saving(survey, &forms, &offers) {
        forms[stage] = form;
        path.push(forms.clone());
    }
    let one = |form: Form| allowed.iter().map(move |a| if a.contains(&form) { form } else { a[0] }).collect();
    path.extend(Form::ALL.map(one));
    path
}

/// The change to a smaller form that costs least for each byte.
fn best_saving<'o, I: Iterator<Item = &'o Offer>>(
    survey: &Survey,
    forms: &[Form],
    offers: &dyn Fn(usize) -> I,
) -> Option<(usize, Form)> {
    let mut best: Option<(f64, usize, Form)> = None;
    for (stage, form) in forms.iter().enumerate() {
        let now = &survey.offers[stage][form.index()];
        for offer in offers(stage).filter(|o| o.bytes < now.bytes) {
            let price = (offer.cost - now.cost) / (now.bytes - offer.bytes) as f64;
            if best.is_none_or(|(least, ..)| price < least) {
                best = Some((price, stage, offer.form));
            }
        }
    }
    best.map(|(_, stage, form)| (stage, form))
}
