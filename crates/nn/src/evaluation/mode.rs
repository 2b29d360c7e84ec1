//! The ways in which FID has been measured.

use crate::networks::InceptionKind;

/// How features are made, by the name of the program that makes them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// pytorch-fid 0.3: bilinear resizing without antialiasing.
    PytorchFid,
    /// clean-fid: Pillow's antialiased bicubic resizing, in `f32`.
    Clean,
    /// torch-fidelity: TensorFlow 1's bilinear resizing, whose pixels begin at their corners.
    TorchFidelity,
    /// The original, with pytorch-fid as it was in 2018: torchvision's network and normalisation, a last batch that is not full
    /// left out, generated pictures clipped and saved as JPEGs.
    Original2018,
    /// The built-in recogniser's embeddings of whole pictures. Not a FID.
    Likeness,
    /// The means of the face mesh's last feature map. Not a FID.
    FaceMesh,
    /// The means of VGG16's `relu5_3`. Not a FID.
    Vgg16,
}

/// Which kernel resizes a picture to the network's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// PyTorch's bilinear, half-pixel centres, no antialiasing, on levels divided by 255.
    TorchBilinear,
    /// Pillow's bicubic with antialiasing, in `f32`, clipped to 0..=255.
    PillowBicubic,
    /// TensorFlow 1's bilinear.
    TensorflowBilinear,
}

/// What the network reads of a grey level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scaling {
    /// `2 v / 255 - 1`.
    Symmetric,
    /// `(v - 128) / 128`.
    Tensorflow,
    /// `v / 255 * (0.229 / 0.5) + (0.485 - 0.5) / 0.5` and so on for the channels: torchvision's step from pictures normalised for
    /// its other networks to `[-1, 1]`, applied to `[0, 1]` as pytorch-fid did in 2018.
    Torchvision,
}

/// What happens to pictures before an Inception network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preparation {
    /// Resizing.
    pub resampling: Resampling,
    /// Scaling.
    pub scaling: Scaling,
    /// Whether generated pictures are clipped and saved as JPEGs first, as the original saved them.
    pub saved_as_original: bool,
    /// Whether a last batch that is not full is left out.
    pub drops_last_batch: bool,
    /// The network.
    pub network: InceptionKind,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 7] = [
        Self::PytorchFid,
        Self::Clean,
        Self::TorchFidelity,
        Self::Original2018,
        Self::Likeness,
        Self::FaceMesh,
        Self::Vgg16,
    ];

    /// Its name on the command line and beside every number.
    pub fn name(self) -> &'static str {
        match self {
            Self::PytorchFid => "pytorch-fid",
            Self::Clean => "clean",
            Self::TorchFidelity => "torch-fidelity",
            Self::Original2018 => "original-2018",
            Self::Likeness => "likeness",
            Self::FaceMesh => "face-mesh",
            Self::Vgg16 => "vgg16",
        }
    }

    /// What happens to pictures, for the modes whose distance is a FID.
    pub fn preparation(self) -> Option<Preparation> {
        let todays = |resampling, scaling| Preparation {
            resampling,
            scaling,
            saved_as_original: false,
            drops_last_batch: false,
            network: InceptionKind::Fid,
        };
        match self {
            Self::PytorchFid => Some(todays(Resampling::TorchBilinear, Scaling::Symmetric)),
            Self::Clean => Some(todays(Resampling::PillowBicubic, Scaling::Tensorflow)),
            Self::TorchFidelity => Some(todays(Resampling::TensorflowBilinear, Scaling::Tensorflow)),
            Self::Original2018 => Some(Preparation {
                resampling: Resampling::TorchBilinear,
                scaling: Scaling::Torchvision,
                saved_as_original: true,
                drops_last_batch: true,
                network: InceptionKind::Torchvision,
            }),
            Self::Likeness | Self::FaceMesh | Self::Vgg16 => None,
        }
    }

    /// Whether its Fréchet distance may be called FID.
    pub fn is_fid(self) -> bool {
        self.preparation().is_some()
    }
}
