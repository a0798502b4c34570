//! The compiler's guards: for each of them something that breaks it, and the error to the letter. Without these tests
//! a guard could let everything pass and nobody would see it.

mod facts;
mod forms;
mod graphs;
mod hoist;
mod layout_avr;
mod layout_z80;
mod models;
mod passes;
mod shapes;
mod templates;
mod types;
mod valid;
mod valid_consts;
