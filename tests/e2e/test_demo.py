from concurrent.futures import Future


def test_the_demo_plays_from_sign_up_to_payout(played: Future[str]):
    story = played.result(timeout=600)
    print(story)
    assert 'Every figure is what the rules say.' in story
