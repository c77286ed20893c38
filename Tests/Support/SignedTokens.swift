package import Shared

/// Tokens of sub `u1`, signed with keys that were made for these tests and thrown away.
package enum SignedTokens {
    package static let keySet = """
        {"keys":[{"kty":"RSA","kid":"r1","use":"sig","alg":"RS256","n":"4qDNtC51cw91j6OyXZHow0jhaB7o3-ayy4DHOxPpWnj\
        kEvrEB0yNRwEoAXiPI4b0hdt9LLTWkrIEl4O6HcWbaoI9eFOaF3d0jsPDN8ZFbIPhoEPgsbhXt3gVqNwhdBDlE1fw3uAkf459vGw5KfpbK\
        EtLt20nXmCk4ePixBpuEkQAzYoMt4RXjZyClPC7-rvrEGvbowaPJ9jG6XLRcMN9yiN3kA9zIJGzpPcnLyen7HRsm4qMR_SMNZBVH96qCJyz\
        jXZzcXso5DK0raPcm4fiDEGM8SLUrbbNkyhZraRP2DBxIrYeIBA_NSWnTmjPgX22Hdoz8I7XRItShsUzj8fCFw","e":"AQAB"},\
        {"kty":"EC","kid":"e1","crv":"P-256","x":"3r3AblvjzU9JpnJ7i45uQHbTGgG81Y2EPN577WI8x_c",\
        "y":"nCqYG_0e4A7rnVBYK_WJJ4WKSkJuxwSSxlTqpaKyvhU"},\
        {"kty":"OKP","kid":"d1","crv":"Ed25519","x":"GVZEBB_sG_LvSMqdp255zssOMUaz4UyND74i1UBF_Ow"}]}
        """
    package static let weakKey = """
        {"kty":"RSA","kid":"w1","n":"wY8HhRKLWYcY_8ex7h5YTf-9WMms6EVrMM86YNbgrOQdKr2mAe-jUC5nSEQZRBoVJ-_MHyzxgKGAUi\
        oAXgTQ_1uq7YazAoxdDDbqe03sQ3v4yJzlcl7MotzXX27O7j-du8Ld0Z5r_QTa6zRElidK5ZO9wnWPmfZVkjIIPtvTzfM","e":"AQAB"}
        """
    package static let rs256 = """
        eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.OFxke0OeE1jy8UcmdWRSvsAzHmzilbM\
        Gkl7I2Csue-2P09BPNqGRfcZNd0HgMl9RlLX30iCGOpeU5B_ELywVG8sZsRjMCCVXfPM__pcUDrdh6jI7d9px-KfMBb9V9AQ0rrdDMNpxDu\
        f1wvOfiTySIvO5TiodiUX5rr1-6zNhoZMNKKaE4Wz-UWKMARkTZKpt2zSL95zZxZIB9_-a-UwNtsFzbOs0KiyHt1emhCWyksv5qffvGgAyc\
        CvzA6n5ggjNjawMFUj1LkqybqJpZBwtxhSeTyQ3Q5kzBgtjpnC3QDgRJwtlW3gRfnAJayByjRrrQBe6iLrHJfBI3Frnhbg1IA
        """
    package static let es256 = """
        eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.xC0MjER5wlQjRbvOhgXXdC_GTW67l9r\
        6FVk-BYpLjaB4pYJvQt7UIGaY7yx30to-z7j0Vwo98Tpvo66vW7F8ZQ
        """
    package static let edDSA = """
        eyJhbGciOiJFZERTQSIsImtpZCI6ImQxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.xLImI8FJ0sJvKZu8gJ_Hoi1QodWZUJY\
        xG2P7VhyNtPQUg6_Brv0yO4h1kYfHszA_TKVL-VYXaIw8CsXiWah_CA
        """
    package static let ed25519 = """
        eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZDEifQ.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.e-ZwRbxdLro232UJQuM3NB7-xTER\
        bYSW-uAArTmnYHocZvYfFNUQoRMyjOrcEhfAfyTS7Q7rcJgZ7QYi0E9mAw
        """
    package static let weak = """
        eyJhbGciOiJSUzI1NiIsImtpZCI6IncxIn0.eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMH0.T4xWm5ZWhIG5i7HdEHTYTaIXqDX7zld\
        FixRTlZODOAVJPluealcv2hRbjyKxJAn6-C7NediRd3zQiFDou31yYCtmiWlBgO4XSyVuC___rrb4AEKt67xxqwXSzetHD8pxoxgFTCWkXi\
        WLVKTHtai1zy6x6wRJ2wzj1Qkj-uc7UBk
        """

    package static var keys: KeySet {
        get throws { KeySet(publicKeys: try JSONWebKeys.read(Array(keySet.utf8)).keys) }
    }
}
