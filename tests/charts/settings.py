"""Values with which the chart is tried: what one has to give, and the ways in which a release can differ from that."""

from collections.abc import Mapping
from typing import Any, Final

from tests.unit.admission.policy.setups import document, root

_ROOT: Final = root().decode()
IMAGE: Final = "registry.example.com/notarykit-admission"
NEEDED: Final[Mapping[str, Any]] = {
    "image": {"repository": IMAGE},
    "policy": {
        "documents": {"trustpolicy.json": document().decode()},
        "trustStores": {"ca": {"acme": {"root.pem": _ROOT}}},
    },
}
"""What one has to give; cert-manager makes the certificate."""

GIVEN_CERTIFICATE: Final[Mapping[str, Any]] = {**NEEDED, "certificate": {"secretName": "given", "caBundle": _ROOT}}
"""What one has to give without cert-manager."""

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "needed": NEEDED,
    "given certificate": GIVEN_CERTIFICATE,
    "issuer": {**NEEDED, "certificate": {"issuerRef": {"kind": "ClusterIssuer", "name": "corporate"}}},
    "gatekeeper": {**GIVEN_CERTIFICATE, "gatekeeper": {"clientCA": _ROOT}},
    "registries": {**GIVEN_CERTIFICATE, "registries": {"caBundle": _ROOT}},
    "pull secrets": {**GIVEN_CERTIFICATE, "pullSecrets": {"enabled": True}},
    "pull secrets of two namespaces": {
        **GIVEN_CERTIFICATE,
        "pullSecrets": {"enabled": True, "namespaces": ["chart-one", "chart-two"]},
    },
    "pods only": {**GIVEN_CERTIFICATE, "webhooks": {"validate": {"templates": False}, "pin": {"templates": False}}},
    "everything": {
        **GIVEN_CERTIFICATE,
        "fullnameOverride": "trial-notarykit-admission",
        "image": {"repository": IMAGE, "tag": "latest", "digest": f"sha256:{'ab' * 32}", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "policy": {
            "documents": {
                "trustpolicy.json": {"version": "1.0", "trustPolicies": []},
                "dev.json": document("tsa:t.1", level="audit").decode(),
            },
            "rules": {"version": "1", "namespaces": {"dev": {"policy": "dev.json", "mode": "warn"}}},
            "trustStores": {"ca": {"acme": {"root.pem": _ROOT, "other.crt": _ROOT}}, "tsa": {"t.1": {"a.cer": _ROOT}}},
            "sources": [
                {"configMap": {"name": "more", "items": [{"key": "b", "path": "truststore/x509/ca/more/b.pem"}]}},
                {"secret": {"name": "even-more", "optional": True}},
            ],
        },
        "webhooks": {
            "failurePolicy": "Ignore",
            "timeoutSeconds": 5,
            "excludedNamespaces": ["kube-system", "calico-system"],
            "objectSelector": {"matchLabels": {"verified": "yes"}},
        },
        "gatekeeper": {"clientCASecret": "gatekeeper-ca"},
        "registries": {
            "credentialsSecret": "registry-credentials",
            "caConfigMap": "corporate-ca",
            "plainHTTP": ["registry.local:5000", "[::1]:5000"],
        },
        "address": "::",
        "replicas": 3,
        "drainSeconds": 20,
        "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 9},
        "podDisruptionBudget": {"maxUnavailable": "30%"},
        "service": {"port": 8443, "annotations": {"a/b": "c"}},
        "networkPolicy": {
            "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
            "egressPorts": [5000],
            "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}],
        },
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
        "serviceAccount": {"name": "verifier", "annotations": {"eks.amazonaws.com/role-arn": "arn"}},
        "priorityClassName": "",
        "runAsUser": 1234,
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
        "podLabels": {"team": "supply-chain", "app.kubernetes.io/name": "not this"},
        "podAnnotations": {"a/b": "c"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "critical", "operator": "Exists"}],
        "topologySpreadConstraints": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "maxSkew": 1,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"team": "supply-chain"}},
            }
        ],
        "affinity": {"nodeAffinity": {}},
    },
}
"""Values by what is particular in them."""
