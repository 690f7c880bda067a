"""Rules of namespaces in a real cluster: warn, audit, exempt, and a policy of their own."""

from tests.servers.kubernetes.objects import new_name, pod
from tests.servers.kubernetes.scene import Scene


def test_warnings_arrive(scene: Scene) -> None:
    """In the mode warn everything is created, and whoever did it reads why it would have been denied."""
    bad = scene.images.unsigned.by_digest
    answer = scene.run("warns", bad)
    assert answer.status == 201
    (warning,) = answer.warnings
    assert warning.startswith(f"container 'c0': {bad}: no signature is associated with ")
    assert scene.run("warns", scene.images.signed.by_digest).warnings == ()


def test_warning_says_what_to_do(scene: Scene) -> None:
    """A warning holds the whole of what a denial would have said, as long as there are few."""
    made = pod("warns", *(scene.images.push().by_digest for _ in range(3)))
    (warnings, denial) = scene.api.create(made).warnings, scene.run("exempts", made["spec"]["containers"][0]["image"])
    assert len(warnings) == 3
    assert denial.message.endswith(warnings[0])


def test_warnings_of_both_webhooks(scene: Scene) -> None:
    """Where digests take the places of tags, a refused image stays as it is written, and is warned of."""
    images = scene.images
    answer = scene.run("warns-and-pins", images.unsigned.by_tag)
    assert answer.body["spec"]["containers"][0]["image"] == images.unsigned.by_tag
    assert any("no signature is associated with" in warning for warning in answer.warnings)
    answer = scene.run("warns-and-pins", images.signed.by_tag)
    assert answer.body["spec"]["containers"][0]["image"] == images.signed.pinned
    assert answer.warnings == ()


def test_many_warnings_are_shown_whole(scene: Scene) -> None:
    """The API server drops no warning of ours and cuts none, however many images are refused."""
    image = scene.images.unsigned
    texts = [f"{image.repository}{number:02}-with-a-rather-long-name@{image.digest}" for number in range(30)]
    warnings = scene.api.create(pod("warns", *texts)).warnings
    assert warnings[-1] == f"and {30 - len(warnings) + 1} more warnings"
    for number, warning in enumerate(warnings[:-1]):
        assert warning.startswith(f"container 'c{number}': {texts[number]}: ")


def test_image_text_cannot_spoil_a_warning(scene: Scene) -> None:
    """Control characters in an image's text do not make the API server drop the warning."""
    (warning,) = scene.run("warns", "r.test/a\x1b[31m\u202eb").warnings
    assert warning.startswith("container 'c0': r.test/a")
    assert warning.isprintable()


def test_audit_is_silent(scene: Scene) -> None:
    """In the mode audit everything is created, without a word to whoever did it; the log has why it would be denied."""
    image = scene.images.push()
    made = pod("audits", image.by_digest)
    answer = scene.api.create(made)
    assert (answer.status, answer.warnings) == (201, ())
    (line,) = scene.replica.verdicts(image.by_digest)
    expected = {
        "door": "kubernetes/validate",
        "namespace": "audits",
        "object": f"Pod {made['metadata']['name']}",
        "place": "container 'c0'",
        "digest": image.digest,
        "outcome": "refused",
        "consequence": "audited",
    }
    assert {name: line[name] for name in expected} == expected
    assert "no signature is associated with" in line["reason"]


def test_exempt_prefix(scene: Scene) -> None:
    """References below a prefix are admitted, even by a tag, and nothing is asked about them; others are judged."""
    image = scene.images.push(f"base/{new_name()}")
    assert scene.run("exempts", image.by_tag).status == 201
    assert scene.images.requests(image) == []
    host = scene.images.proxy.host
    for text in (f"{host}/base", f"{host}/base/../unsigned:v1", f"{host}/basement/a@{image.digest}", "base/a:v1"):
        assert scene.run("exempts", text).status == 403


def test_namespace_has_a_policy_of_its_own(scene: Scene, judged: str) -> None:
    """A namespace with another policy trusts another signer, and no longer the one of all others."""
    images = scene.images
    assert scene.run("others", images.foreign.by_digest).status == 201
    assert scene.run("others", images.signed.by_digest).status == 403
    assert scene.run(judged, images.foreign.by_digest).status == 403
    assert scene.run(judged, images.signed.by_digest).status == 201


def test_policy_that_skips(scene: Scene) -> None:
    """What the trust policy skips runs by its tag, which stays, even where other tags are refused or pinned."""
    image = scene.images.unsigned.by_tag
    answer = scene.run("skips-and-pins", image)
    assert answer.status == 201, answer.message
    assert answer.body["spec"]["containers"][0]["image"] == image
    assert answer.warnings == ()
