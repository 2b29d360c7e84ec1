//! Hand-written gradients against finite differences, and the CPU's operations against the defaults.
