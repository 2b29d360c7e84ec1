//! The operations on the CPU.

use burn::backend::Flex;

use super::extension::NetworkOps;

impl NetworkOps for Flex {}
