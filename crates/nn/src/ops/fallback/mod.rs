//! The operations made of the tensor library's own ones. They run on any device, and the faster ones are tested against
//! them.

mod adam;
mod attention;
mod convolution;
mod depthwise;
mod normalization;
mod pointwise;
mod power;

pub use adam::adam_step;
pub use attention::{scaled_sum, scaled_sum_gradient, self_attention_gradient, self_attention_with_sums};
pub use convolution::{
    channel_sums, padded_conv2d, padded_conv2d_input_gradient, padded_conv2d_weight_gradient, upsampled_conv2d,
    upsampled_conv2d_input_gradient, upsampled_conv2d_weight_gradient,
};
pub use depthwise::{depthwise_conv2d, depthwise_conv2d_input_gradient, depthwise_conv2d_weight_gradient};
pub use normalization::{
    instance_norm, instance_norm_add, instance_norm_gradient, layer_norm_chw, layer_norm_chw_gradient,
};
pub use pointwise::{
    activate, activate_gradient, mean_absolute_error, mean_absolute_error_gradient, prelu, prelu_gradient,
};
pub use power::power_step;
