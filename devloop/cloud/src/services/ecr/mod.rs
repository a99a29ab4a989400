//! ECR: repositories with names, settings, policies and tags, but without images, because functions from images do not run
//! here. Operations on images are refused by name.

mod about;
mod cloudformation;
mod repositories;
mod service;

pub(crate) use service::Ecr;
