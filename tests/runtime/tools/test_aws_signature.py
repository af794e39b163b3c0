"""Signatures are those of AWS's published examples."""

from datetime import UTC, datetime

from llmspell_kernel.runtime.tools.aws_signature import Credentials, signed

KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", "us-east-1")
MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


def test_the_plainest_request_of_the_test_suite():
    headers = signed("GET", "https://example.amazonaws.com/", {}, b"", "service", KEY, MOMENT)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
    assert headers["x-amz-date"] == "20150830T123600Z"


def test_the_secret_is_in_no_header():
    headers = signed("POST", "https://a.test/b", {"content-type": "x"}, b"y", "ses", KEY, MOMENT)
    assert KEY.secret_key not in str(headers)
