//! The resource types of functions.

mod access;
mod events;
mod function;
mod layers;

use crate::resource::ResourceType;

/// The resource types that Lambda implements.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::Lambda::Alias", Box::new(function::Alias)),
        ("AWS::Lambda::EventInvokeConfig", Box::new(events::EventInvokeConfig)),
        ("AWS::Lambda::Function", Box::new(function::Function)),
        ("AWS::Lambda::LayerVersion", Box::new(layers::LayerVersion)),
        ("AWS::Lambda::Permission", Box::new(access::Permission)),
        ("AWS::Lambda::Url", Box::new(access::Url)),
        ("AWS::Lambda::Version", Box::new(function::Version)),
    ]
}
