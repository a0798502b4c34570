//! The machine against the reference: replies and every step's logits, bit for bit.

#[path = "../support/mod.rs"]
mod support;

mod attention;
mod bands;
mod beam;
mod beam_banks;
mod cpc;
mod cpc6128;
mod dead;
mod entries;
mod margin;
mod msx;
mod planes;
mod processor;
mod program;
mod published;
mod random;
mod sensors;
mod sensors_published;
mod sequence;
mod spectrum;
mod talk;
mod typed;
mod wide;
mod zx128;
