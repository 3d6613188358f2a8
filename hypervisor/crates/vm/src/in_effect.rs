//! What holds for a running VM: its features are those that QEMU was started with, its memory policy is the newest
//! definition's, which is obeyed at once. Whoever acts on a running VM asks here, and can take neither for the other.
use std::sync::Arc;

use crate::spec::{Control, Feature, VmSpec};

#[derive(Debug, Clone)]
pub struct InEffect {
    running: Arc<VmSpec>,
    defined: Arc<VmSpec>,
}

impl InEffect {
    pub fn new(running: Arc<VmSpec>, defined: Arc<VmSpec>) -> Self {
        Self { running, defined }
    }

    /// One that was put into the definition, or out of it, since the start waits for the next one.
    pub fn has(&self, feature: Feature) -> bool {
        self.running.has(feature)
    }

    pub fn control(&self) -> Control {
        self.defined.memory_policy.control
    }

    pub fn shares(&self) -> u32 {
        self.defined.memory_policy.shares
    }

    pub fn ceiling_bytes(&self) -> Option<u64> {
        self.defined.memory_policy.ceiling_mb.map(|mb| mb << 20)
    }

    pub fn sharing_domain(&self) -> &str {
        &self.defined.memory_policy.sharing_domain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::HostLimits;

    fn spec(features: &str, policy: &str) -> Arc<VmSpec> {
        let text =
            format!(r#"{{"id":"a","memory_mb":256,"vcpus":1,"features":[{features}],"memory_policy":{{{policy}}}}}"#);
        Arc::new(VmSpec::parse(&text, &HostLimits::UNKNOWN).unwrap())
    }

    #[test]
    fn features_are_those_of_the_start_whatever_is_defined_since() {
        let features = [
            (r#""tps""#, Feature::Tps),
            (r#""ballooning""#, Feature::Ballooning),
            (r#""compression""#, Feature::Compression),
            (r#""hotplug""#, Feature::Hotplug),
        ];
        for (word, feature) in features {
            let taken_out = InEffect::new(spec(word, ""), spec("", ""));
            let put_in = InEffect::new(spec("", ""), spec(word, ""));
            assert!(taken_out.has(feature) && !put_in.has(feature), "{word}");
        }
    }

    #[test]
    fn the_memory_policy_is_the_newest_definitions() {
        let now = r#""control":"recommend","shares":7,"floor_mb":64,"ceiling_mb":128,"sharing_domain":"blue""#;
        let settings = InEffect::new(spec(r#""tps""#, r#""control":"on","sharing_domain":"red""#), spec("", now));
        assert_eq!((settings.control(), settings.shares()), (Control::Recommend, 7));
        assert_eq!((settings.ceiling_bytes(), settings.sharing_domain()), (Some(128 << 20), "blue"));
    }
}
