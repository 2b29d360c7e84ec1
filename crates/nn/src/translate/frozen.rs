//! A translator for inference with constant weights.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Device, Tensor};

use crate::config::Domain;
use crate::inference::{NoPlan, PlanOptions};
use crate::networks::munit::Translator;
use crate::parameter::{from_values, to_values};

use super::plan::TranslationPlan;

/// Plans that are kept: one for each direction.
const PLANS_KEPT: usize = 2;

/// A translator whose weights stay constant. On the CPU its networks run by plans, which are made when pictures of another
/// size or direction come, and take up to four times the memory of the weights that the direction needs; on other
/// devices, and where a layer has no prepared form, as in training.
#[derive(Debug)]
pub struct FrozenTranslator {
    translator: Translator,
    device: Device,
    /// Whether plans can be made: on the CPU, until a layer turns out to have no prepared form.
    has_plans: AtomicBool,
    /// The plans that were used last, the newest at the end.
    plans: Mutex<Vec<Kept>>,
}

/// A plan and what it is for.
#[derive(Clone, Debug)]
struct Kept {
    to: Domain,
    size: [usize; 2],
    options: PlanOptions,
    plan: Arc<TranslationPlan>,
}

impl FrozenTranslator {
    /// Wraps networks that live on `device`, each refreshed once.
    pub fn new(translator: Translator, device: &Device) -> Self {
        let has_plans = AtomicBool::new(*device == Device::flex());
        Self { translator, device: device.clone(), has_plans, plans: Mutex::new(Vec::new()) }
    }

    /// The networks.
    pub fn translator(&self) -> &Translator {
        &self.translator
    }

    /// Translates pictures of the other domain to `to`, with the given styles. Other devices have no use for the options.
    ///
    /// # Shapes
    /// - pictures: `[n, channels, h, w]` in `[-1, 1]`, `h` and `w` as `size` says; style: `[n, style_dim]`
    /// - output: `[n, channels, h, w]`
    ///
    /// # Panics
    /// If these are no whole pictures that the networks can halve, or not as many styles.
    pub fn translate(
        &self,
        pictures: &[f32],
        size: [usize; 2],
        style: Tensor<2>,
        to: Domain,
        options: impl Into<PlanOptions>,
    ) -> Vec<f32> {
        let options = options.into();
        if let Some(plan) = self.plan(to, size, options) {
            let translated = plan.run(pictures, style).expect("the plan is made for pictures of this size");
            // Feature maps of large pictures are not kept for the next one: they would stay beside those of other directions and models.
            if options.most_keys.is_some() {
                plan.let_memory_go();
            }
            return translated;
        }
        let [height, width] = size;
        let batch = style.dims()[0];
        let shape = [batch, pictures.len() / (batch * height * width), height, width];
        let pictures = from_values(pictures.to_vec(), &self.device).reshape(shape);
        to_values(self.translator.translate(pictures, style, to))
    }

    /// The plan for a direction, a size and its options, if there can be one.
    fn plan(&self, to: Domain, size: [usize; 2], options: PlanOptions) -> Option<Arc<TranslationPlan>> {
        if !self.has_plans.load(Ordering::Relaxed) {
            return None;
        }
        let is_wanted = |kept: &Kept| kept.to == to && kept.size == size && kept.options == options;
        let mut plans = self.lock_plans();
        if let Some(index) = plans.iter().position(is_wanted) {
            let kept = plans.remove(index);
            plans.push(kept.clone());
            return Some(kept.plan);
        }
        // The plan of this direction for another size is not needed beside the new one.
        plans.retain(|kept| kept.to != to);
        // Not under the lock: while weights are prepared, a thread may turn to another picture, and would wait for itself.
        drop(plans);
        let plan = match TranslationPlan::new(&self.translator, to, size, options) {
            Ok(plan) => Arc::new(plan),
            Err(reason) => {
                // A missing form is missing for every size; it is not looked for again.
                self.has_plans.fetch_and(!matches!(reason, NoPlan::Layer(_)), Ordering::Relaxed);
                return None;
            }
        };
        let mut plans = self.lock_plans();
        plans.push(Kept { to, size, options, plan: Arc::clone(&plan) });
        let surplus = plans.len().saturating_sub(PLANS_KEPT);
        plans.drain(..surplus);
        Some(plan)
    }

    fn lock_plans(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
