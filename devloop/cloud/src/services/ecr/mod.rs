//! ECR's repositories as records: names, settings, policies and tags. There are no images, because functions of images do not
//! run here; operations on images are refused by name.

mod about;
mod cloudformation;
mod repositories;
mod service;

pub(crate) use service::Ecr;
