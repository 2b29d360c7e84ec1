//! A recogniser's network for inference with constant weights.

use std::sync::OnceLock;

use burn::tensor::Device;

use crate::device::on_workers;
use crate::inference::{InferencePrecision, Plan};
use crate::networks::EmbeddingNetwork;
use crate::parameter::{from_values, to_values};

/// A network whose weights stay constant. On the CPU it runs by a [`Plan`], which is made at first use and
/// takes about 1.4 times the memory of the weights; on other devices as in training.
#[derive(Debug)]
pub struct FrozenEmbedder {
    network: EmbeddingNetwork,
    device: Device,
    /// In `f32` and in bf16; none where there is no plan for the device.
    plans: [OnceLock<Option<Plan>>; 2],
}

impl FrozenEmbedder {
    /// Wraps a network that lives on `device`.
    pub fn new(network: impl Into<EmbeddingNetwork>, device: &Device) -> Self {
        Self { network: network.into(), device: device.clone(), plans: [OnceLock::new(), OnceLock::new()] }
    }

    /// The network.
    pub fn network(&self) -> &EmbeddingNetwork {
        &self.network
    }

    /// The embeddings of crops in a precision, one behind the other. A crop's embedding does not depend on the crops beside it: exactly
    /// so on the CPU, elsewhere but for rounding.
    ///
    /// # Shapes
    /// - crops: `[n, 3, h, w]` as [`crate::pixels::to_recognition_planes`] makes them
    /// - output: `[n, embedding]`
    ///
    /// # Panics
    /// If these are no whole crops.
    pub fn embed(&self, crops: &[f32], precision: InferencePrecision) -> Vec<f32> {
        let [height, width] = self.network.architecture().crop_size();
        assert!(crops.len().is_multiple_of(3 * height * width), "crops are whole");
        on_workers(|| match self.plan(precision) {
            Some(plan) => plan.run(crops, &[]).expect("the plan is made for crops of this size"),
            None => {
                let shape = [crops.len() / (3 * height * width), 3, height, width];
                to_values(self.network.forward(from_values(crops.to_vec(), &self.device).reshape(shape)))
            }
        })
    }

    fn make_plan(&self, precision: InferencePrecision) -> Plan {
        let [height, width] = self.network.architecture().crop_size();
        Plan::new(&self.network.graph(), [3, height, width], precision)
            .expect("the network was built for crops of this size")
    }

    fn plan(&self, precision: InferencePrecision) -> Option<&Plan> {
        let plan = &self.plans[usize::from(precision == InferencePrecision::Bf16)];
        if plan.get().is_none() {
            // Not `get_or_init`: while it computes, a thread of the pool may turn to another embedding, and would wait
            // for itself. Two plans at once are only a waste.
            let is_cpu = self.device == Device::flex();
            let made = is_cpu.then(|| self.make_plan(precision));
            let _ = plan.set(made);
        }
        plan.get().and_then(Option::as_ref)
    }
}
