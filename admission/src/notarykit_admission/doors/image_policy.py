"""Door of the API server's own plugin ImagePolicyWebhook."""

from notarykit_admission.protocol.image_review import allow_images, decode_image_review, refuse_images
from notarykit_admission.review.review import Origin
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.review.ruling import ruling_of
from notarykit_admission.workload.images import Image


class ImagePolicyDoor:
    """Answers ImageReviews, which have no place for warnings.

    Args:
        reviewer: Reviews images.
    """

    def __init__(self, reviewer: Reviewer) -> None:
        self._reviewer = reviewer

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Returns the answer to a review; it never takes longer than it may.

        Args:
            body: The review in JSON.
            seconds: Seconds within which the answer is wanted.

        Raises:
            RequestError: The review is malformed, or of another version.
        """
        request = decode_image_review(body)
        origin = Origin(request.namespace)
        if request.problem:  # an error would allow the pod, where the plugin's defaultAllow is true
            self._reviewer.refuse(origin, request.problem)
            return refuse_images(request.problem)
        images = [Image(text) for text in request.images]
        ruling = ruling_of(await self._reviewer.review(origin, images, seconds))
        return allow_images() if ruling.admits else refuse_images(ruling.message)
