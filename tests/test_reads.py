from chalicelib import aws, reads


def test_keys_that_dynamodb_did_not_get_to_are_asked_for_again(monkeypatch):
    """What it answers at most is 16 MB, and less where it is throttled."""
    asked = []

    class Busy:
        def batch_get_item(self, *, RequestItems):  # noqa: N803 - the SDK's name
            first, *left = RequestItems['market']['Keys']
            asked.append(len(left) + 1)
            rest = {'UnprocessedKeys': {'market': {'Keys': left}}} if left else {}
            return {'Responses': {'market': [first]}, **rest}

    monkeypatch.setattr(aws, 'client', lambda _: Busy())
    found = reads.find_many('market', [('a', '1'), ('b', '2'), ('c', '3')])
    assert [row['pk'] for row in found] == ['a', 'b', 'c']
    assert asked == [3, 2, 1]
