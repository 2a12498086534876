//! What posting to L1 costs: the material of the `posting` program.
//!
//! [`load`] makes blocks as the sequencer does, [`batches`] packs them as the batcher does. Of those batches,
//! [`parts`] says where the bytes go, [`gas`] what the contracts charge on an L1 in this process, [`speed`] how
//! fast they are packed and proven, and [`replay`] how fast a stranger executes them from their blobs.

pub mod batches;
pub mod gas;
mod l1;
pub mod load;
pub mod parts;
pub mod replay;
pub mod speed;
