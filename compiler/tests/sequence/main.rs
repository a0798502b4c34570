//! Float checkpoints of sequence models: what is read, what is refused, and what they compute.

mod chat;
mod corpus;
mod damaged;
mod exported;
mod formats;
mod hugging_face;
mod oracle;
mod published;
mod quantized;
mod semantics;
mod small;
mod support;
mod writers;
