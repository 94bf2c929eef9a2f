"""Texts that are JSON values, and texts that are none, in the style of JSONTestSuite."""

from __future__ import annotations

VALUES = [
    # white space, and what looks odd
    b" [] ", b"[\n]", b"\t{\r\n}\n", b"[ 1 , 2 ]", b'{"":0}', b'{"a":{},"b":[]}', b'{"a":"a","b":"a"}',
    b'{"A":1,"a":2}', b"[[],[[]]]",
    b'{"__proto__":{"a":1},"constructor":null}', b'{"a_b":1,"aB":2}', b'{"a.b":1,"[0]":2}', b"[null,1,\"1\",{}]",
    # numbers
    b"0", b"-0", b"-0.0", b"0e1", b"0e+1", b"0E-1", b"-1", b"123", b"1.5", b"-1.5e-7", b"1E22", b"1E+2", b"1e-2",
    b"123e65", b"123.456e78",
    b"20e1", b"123.456789", b"0.1", b"0.30000000000000004", b"1.7976931348623157e308", b"5e-324",
    b"2.2250738585072014e-308",
    b"-0." + b"0" * 77 + b"1", b"9007199254740991", b"-9007199254740991", b"4.0", b"1.000000000000000000000",
    b"100000000000000000000",
    b"6.02214076e23", b"18446744073709551616", b"0.1000000000000000055511151231257827",
    # strings
    b'""', b'" "', b'"a/*b*/c"', b'"\\"\\\\\\/\\n\\t"', b'"\\u0060\\u012a\\u12AB"', b'"\\uD801\\udc37"',
    b'"\\ud83d\\ude39\\ud83d\\udc8d"',
    b'"\\uDBFF\\uDFFD"', b'"\\uFFFD"', b'"\\u2028\\u2029"', b'"\\\\u0000"', b'"\\\\a"', b'"\\u0022"',
    b'"\\u005C"', b'"\\u200B"',
    '"\u2028\u2029 € 𝄞 \ufffd \ue000 \U0010fffd"'.encode(), '"é 田中 👩‍👩‍👧"'.encode(), b'"1e400"', b'"[1,2,3"',
    b'"9007199254740993"',
    b"true", b"false", b"null",
]  # fmt: skip
"""Values whatever JSON's parser, and such as come back as they were."""

NO_TEXTS = [
    b'"\\b"', b'"\\f"', b'"\\u0012"', b'"\x7f"', b'"\\uFFFF"', b'"\\uDBFF\\uDFFF"', '"\uffff"'.encode(), b'"\\u202e"',
]  # fmt: skip
"""JSON, of strings that are no texts (`docs/text.md`)."""

NUMBERS = [
    b"9007199254740992", b"9007199254740993", b"-9007199254740992", b"-9007199254740993", b"9007199254740993.0",
    b"9.007199254740993e15",
    b"90071992547409930e-1", b"1152921504606846977", b"9223372036854775807", b"-9223372036854775808",
    b"18446744073709551615", b"1e18",
    b"100000000000000000001", b"123456789012345678901234567890", b"1e400", b"-1e400", b"1e309",
    b"1e99999999999999999999", b"1e-400",
    b"3.141592653589793238462643383279", b"0.12345678901234567890", b"1.2345678901234567891e-320", b"9" * 999,
]  # fmt: skip
"""Numbers as JSON has them, which a double does not hold."""

DUPLICATES = [
    b'{"a":1,"a":1}', b'{"a":1,"b":2,"a":3}', b'{"a":[1],"a":[2]}', b'{"a":{"x":1},"a":{"y":2}}',
    b'{"a":null,"a":1}', b'{"":1,"":2}',
    b'{"a":1,"\\u0061":2}', b'{"\\u00e9":1,"\xc3\xa9":2}', b'{"\\ud83d\\ude00":1,"\xf0\x9f\x98\x80":2}',
    b'{"\\n":1,"\\u000a":2}', b'[{"a":1,"a":2}]',
]  # fmt: skip

NO_VALUES = [
    # commas and brackets
    b"[1,]", b"[1,,]", b"[1,,2]", b"[,1]", b"[,]", b"[1 2]", b"[1:2]", b'["a" "b"]', b"[1]]", b"[1}", b"[", b"[[",
    b"]", b"[1", b'["a",', b"[1,\n",
    b'{"a":1,}', b'{"a":1,,"b":2}', b'{,"a":1}', b'{"a":1 "b":2}', b'{"a" 1}', b'{"a"::1}', b'{"a":}', b'{"a"}',
    b'{"a",1}', b'{"a":1]', b"{", b'{"a"',
    b'{"a":', b'{"a":1', b'{"a":1}}', b'{"a":1}#', b'{"a":1};', b"{:1}", b"{[]:1}", b"{1:1}", b"{null:1}", b"{{}:1}",
    b"[{]", b'{"a":[}', b"}",
    b"[a]", b"[*]", b"[()]", b"()", b"<a>", b"[<null>]", b"[\x0b1]", b"[1\x0c]", b"\xc2\xa0[1]", b"[\xe2\x80\x8b1]",
    b"[\xef\xbb\xbf1]", b"[1]\x00", b"\x00",
    # names
    b"{a:1}", b"{'a':1}", b'{a_b:"c"}', b"{$a:1}", b"{`a`:1}", b'{"a":1,b:2}', b"{\"a':1}", b"{true:1}", b"{-1:1}",
    b'{"a\n":1}', b'{"\\x":1}',
    b'{"\\ud800":1}',
    # strings
    b"'a'", b'"a\'', b"'a\"", b'"', b'"a', b'"\\"', b'"\\q"', b'"\\a"', b'"\\\'"', b'"\\x41"', b'"\\0"', b'"\\101"',
    b'"\\v"', b'"\\ "', b'"\\\n"', b'"\\',
    b'"\\U0041"', b'"\\u"', b'"\\u1"', b'"\\u12"', b'"\\u123"', b'"\\u12G4"', b'"\\u00A"', b'"\\u{41}"',
    b'"\\u+041"', b'"\\\xc3\xa9"',
    b'"\\uD800"', b'"\\uDFFF"', b'"\\uD800\\uD800"', b'"\\uD800\\n"', b'"\\uD800a"', b'"\\uD800\\u0041"',
    b'"\\uD800\\u"', b'"\\uD800\\uDC0"',
    b'"\\uDC00\\uD800"', b'"\\uD800\\uE000"', b'"a\nb"', b'"\t"', b'"\r"', b'"\x00"', b'"\x1f"', b'"\x01"',
    # UTF-8
    b'"\xff"', b'"\x80"', b'"\xc3"', b'"\xc3("', b'"\xc0\xaf"', b'"\xc1\xbf"', b'"\xe0\x80\xaf"', b'"\xe0\x9f\xbf"',
    b'"\xed\xa0\x80"', b'"\xed\xbf\xbf"',
    b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xe2\x82"', b'"\xe2\x82\x41"', b'"\xf0\x8f\xbf\xbf"', b'"\xf4\x90\x80\x80"',
    b'"\xf5\x80\x80\x80"', b'"\xf0\x9f\x98"',
    b'"\xfe"', b'"\xe9"', b"\xff", b"[\xe9]",
    # numbers
    b"01", b"-01", b"00", b"-00", b"012", b"+1", b"++1", b"--1", b"- 1", b"-", b"+", b"-a", b".5", b"-.5", b"1.",
    b"-1.", b"1.e1", b".e1", b"1e", b"1e+", b"1E-", b"1ee2",
    b"1e1.5", b"1.2.3", b"1..2", b"1+2", b"1-2", b"1_000", b"1,000.0", b"0x1F", b"0b1", b"0o7", b"1a", b"1n", b"1f",
    b"0e", b"0.e1", b"NaN", b"-NaN", b"Infinity",
    b"-Infinity", b"+Inf", b"inf", b"1/2", "１".encode(), "−1".encode(), b"1 000", b"0.1.2", b"2.e3", b"9.e+", b"-2.",
    b"1eE2", b"1.0e", b"1e0x1",
    # words
    b"tru", b"fals", b"nul", b"True", b"FALSE", b"Null", b"nulL", b"truee", b"true1", b"nullx", b"None",
    b"undefined", b"yes", b"nan", b"True, 1", b"[nul]",
    # comments, and more than one
    b"1 // c", b"/* c */ 1", b"[1 /* c */]", b"# c\n1", b"1 2", b"[] []", b"{} {}", b'"a" "b"', b"", b" ",
]  # fmt: skip
"""What is no value, by the grammar or for its bytes."""

BODIES = [
    b" ", b"\n", b"null", b"true", b"3", b'"x"', b"[]", b'[{"title":"x"}]', b"[", b"{", b"{}}", b"{} x", b"{}{}",
    b"{}\x00", b"{},", b"\x00{}", b"{title:1}", b"{'title':'x'}",
    b'{"title":"x",}', b'{"title":"x"', b'{"title":"x', b'{"title":"x"}]', b"a=1&b=2", b"<a/>",
    b"--x\r\nContent-Disposition: form-data\r\n", b"\xef\xbb\xbf\xef\xbb\xbf{}",
    b" \xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-16-be"), "{}".encode("utf-32"), b"\x1f\x8b\x08\x00",
]  # fmt: skip
"""Whole bodies that are not the object that a request is."""
