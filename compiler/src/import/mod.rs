//! Model files → [`crate::model::Model`]. The serde schemas of the file formats live here and only here.
