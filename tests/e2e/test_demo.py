from concurrent.futures import Future


def test_the_demo_plays_all_of_its_acts(played: Future[str]):
    story = played.result(timeout=600)
    print(story)
    assert [f'The {number} act' in story for number in ('first', 'second', 'third')] == [True, True, True]
    assert 'Every figure is what the rules say.' in story
