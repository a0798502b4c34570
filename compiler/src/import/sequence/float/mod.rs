//! What a checkpoint computes, in floats: the reference that quantized networks are compared with, and that shows a
//! quantizer the values it must find scales for.
//!
//! Only IEEE 754 additions, multiplications, divisions and roots, in an order that is fixed, so that every machine
//! gets the same bits: [`crate::math`] has the exponential and the sine. A step of `n` weights takes `n` multiplications.

mod attention;
mod observe;
mod ops;
mod session;
mod window;

pub use crate::arithmetic::choose::log_probability;
pub use observe::{Spot, Vector};
pub use session::{Session, StepError};
pub use window::Window;
