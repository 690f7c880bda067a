"""Door of the API server's own plugin ImagePolicyWebhook."""

from notarykit_admission.protocol.image_review import allow_images, decode_image_review, refuse_images
from notarykit_admission.review.review import Origin
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.review.ruling import ruling_of
from notarykit_admission.workload.images import Image


async def answer_image_review(reviewer: Reviewer, body: bytes, seconds: float) -> bytes:
    """Returns the answer to an ImageReview, which has no place for warnings; it never takes longer than it may.

    Args:
        reviewer: Reviews its images.
        body: The ImageReview in JSON.
        seconds: Seconds within which the answer is wanted.

    Raises:
        RequestError: It is malformed, or of another version.
    """
    request = decode_image_review(body)
    origin = Origin(request.namespace)
    if request.problem:  # an error would allow the pod, where the plugin's defaultAllow is true
        reviewer.refuse(origin, request.problem)
        return refuse_images(request.problem)
    ruling = ruling_of(await reviewer.review(origin, [Image(text) for text in request.images], seconds))
    return allow_images() if ruling.admits else refuse_images(ruling.message)
