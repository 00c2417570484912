//! Pages of a model.
