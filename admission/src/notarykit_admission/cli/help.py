"""Texts of the help."""

DESCRIPTION = """Lets only images with a trusted Notary Project signature start in a cluster.

One program answers all who ask, on one port:

  /kubernetes/validate    a validating webhook of Kubernetes: admits, warns or denies
  /kubernetes/pin         a mutating one: puts the digest that was verified in the place of each tag
  /gatekeeper/verify      Gatekeeper's external data, for a constraint
  /gatekeeper/mutate      the same, for an Assign
  /kyverno/verify         Kyverno's call of a service, for a rule that validates
  /kyverno/mutate         the same, for one that mutates
  /image-policy           the API server's own plugin ImagePolicyWebhook
  /v1/verify              anybody: verdicts on references, as `notarykit verify --output json` gives them
  /healthz, /readyz       probes
  /metrics                metrics in Prometheus' format

Its log goes to standard error: lines of JSON, one for each verdict."""

EPILOG = """examples:
  serve Kubernetes' webhooks:
    notarykit-admission --policy /etc/policy --certificate /etc/tls/tls.crt --key /etc/tls/tls.key
  let only Gatekeeper through its own doors:
    notarykit-admission --policy ... --certificate ... --key ... --client-ca /etc/gatekeeper/ca.crt
  try a policy before it counts, in CI or an init container:
    notarykit-admission --check --policy ./policy

signals:
  SIGTERM, SIGINT   end, after all requests are answered
  SIGHUP            take up changed files at once, instead of within seconds

exit codes:
  0  ended as asked, or the files can be used    1  --check: they cannot
  2  flags or files are wrong                    3  the address cannot be listened at"""
