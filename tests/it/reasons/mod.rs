//! Why tables differ: causes are planted in random tables, and the program must name them first, with
//! the right counts, and claim nothing else. On noise it must claim nothing at all.

mod causes;
mod noise;
mod pair;
mod places;
mod planted;
