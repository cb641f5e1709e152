# SPDX-License-Identifier: Apache-2.0
"""The sources of the methods, as BibTeX."""

from __future__ import annotations

from collections.abc import Iterable

SOURCES: dict[str, str] = {
    "elkan2001": """@inproceedings{elkan2001,
  author = {Charles Elkan},
  title = {The Foundations of Cost-Sensitive Learning},
  booktitle = {Proceedings of the 17th International Joint Conference on Artificial
    Intelligence},
  pages = {973--978},
  year = {2001}
}""",
    "king2001": """@article{king2001,
  author = {Gary King and Langche Zeng},
  title = {Logistic Regression in Rare Events Data},
  journal = {Political Analysis},
  volume = {9},
  number = {2},
  pages = {137--163},
  year = {2001}
}""",
    "dalpozzolo2015": """@inproceedings{dalpozzolo2015,
  author = {Andrea {Dal Pozzolo} and Olivier Caelen and Reid A. Johnson and Gianluca
    Bontempi},
  title = {Calibrating Probability with Undersampling for Unbalanced Classification},
  booktitle = {IEEE Symposium Series on Computational Intelligence},
  pages = {159--166},
  year = {2015}
}""",
    "mahajan2018": """@inproceedings{mahajan2018,
  author = {Dhruv Mahajan and Ross Girshick and Vignesh Ramanathan and Kaiming He and
    Manohar Paluri and Yixuan Li and Ashwin Bharambe and Laurens van der Maaten},
  title = {Exploring the Limits of Weakly Supervised Pretraining},
  booktitle = {European Conference on Computer Vision},
  year = {2018}
}""",
    "cui2019": """@inproceedings{cui2019,
  author = {Yin Cui and Menglin Jia and Tsung-Yi Lin and Yang Song and Serge Belongie},
  title = {Class-Balanced Loss Based on Effective Number of Samples},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages = {9268--9277},
  year = {2019}
}""",
    "chawla2002": """@article{chawla2002,
  author = {Nitesh V. Chawla and Kevin W. Bowyer and Lawrence O. Hall and W. Philip
    Kegelmeyer},
  title = {{SMOTE}: Synthetic Minority Over-sampling Technique},
  journal = {Journal of Artificial Intelligence Research},
  volume = {16},
  pages = {321--357},
  year = {2002}
}""",
    "han2005": """@inproceedings{han2005,
  author = {Hui Han and Wen-Yuan Wang and Bing-Huan Mao},
  title = {{Borderline-SMOTE}: A New Over-Sampling Method in Imbalanced Data Sets
    Learning},
  booktitle = {International Conference on Intelligent Computing},
  pages = {878--887},
  year = {2005}
}""",
    "he2008": """@inproceedings{he2008,
  author = {Haibo He and Yang Bai and Edwardo A. Garcia and Shutao Li},
  title = {{ADASYN}: Adaptive Synthetic Sampling Approach for Imbalanced Learning},
  booktitle = {IEEE International Joint Conference on Neural Networks},
  pages = {1322--1328},
  year = {2008}
}""",
    "charte2015": """@article{charte2015,
  author = {Francisco Charte and Antonio J. Rivera and Mar{\\'i}a J. del Jesus and
    Francisco Herrera},
  title = {{MLSMOTE}: Approaching Imbalanced Multilabel Learning through Synthetic
    Instance Generation},
  journal = {Knowledge-Based Systems},
  volume = {89},
  pages = {385--397},
  year = {2015}
}""",
    "menardi2014": """@article{menardi2014,
  author = {Giovanna Menardi and Nicola Torelli},
  title = {Training and Assessing Classification Rules with Imbalanced Data},
  journal = {Data Mining and Knowledge Discovery},
  volume = {28},
  pages = {92--122},
  year = {2014}
}""",
    "chou2020": """@inproceedings{chou2020,
  author = {Hsin-Ping Chou and Shih-Chieh Chang and Jia-Yu Pan and Wei Wei and Da-Cheng
    Juan},
  title = {Remix: Rebalanced Mixup},
  booktitle = {European Conference on Computer Vision Workshops},
  pages = {95--110},
  year = {2020}
}""",
    "galdran2021": """@inproceedings{galdran2021,
  author = {Adrian Galdran and Gustavo Carneiro and Miguel A. {Gonz{\\'a}lez
    Ballester}},
  title = {{Balanced-MixUp} for Highly Imbalanced Medical Image Classification},
  booktitle = {Medical Image Computing and Computer Assisted Intervention},
  pages = {323--333},
  year = {2021}
}""",
    "zhang2018": """@inproceedings{zhang2018,
  author = {Hongyi Zhang and Moustapha Ciss{\\'e} and Yann N. Dauphin and David
    Lopez-Paz},
  title = {mixup: Beyond Empirical Risk Minimization},
  booktitle = {International Conference on Learning Representations},
  year = {2018}
}""",
    "lin2017": """@inproceedings{lin2017,
  author = {Tsung-Yi Lin and Priya Goyal and Ross Girshick and Kaiming He and Piotr
    Doll{\\'a}r},
  title = {Focal Loss for Dense Object Detection},
  booktitle = {IEEE International Conference on Computer Vision},
  pages = {2980--2988},
  year = {2017}
}""",
    "charoenphakdee2021": """@inproceedings{charoenphakdee2021,
  author = {Nontawat Charoenphakdee and Jayakorn Vongkulbhisal and Nuttapong
    Chairatanakul and Masashi Sugiyama},
  title = {On Focal Loss for Class-Posterior Probability Estimation: A Theoretical
    Perspective},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages = {5202--5211},
  year = {2021}
}""",
    "menon2021": """@inproceedings{menon2021,
  author = {Aditya Krishna Menon and Sadeep Jayasumana and Ankit Singh Rawat and
    Himanshu Jain and Andreas Veit and Sanjiv Kumar},
  title = {Long-tail Learning via Logit Adjustment},
  booktitle = {International Conference on Learning Representations},
  year = {2021}
}""",
    "kang2020": """@inproceedings{kang2020,
  author = {Bingyi Kang and Saining Xie and Marcus Rohrbach and Zhicheng Yan and Albert
    Gordo and Jiashi Feng and Yannis Kalantidis},
  title = {Decoupling Representation and Classifier for Long-Tailed Recognition},
  booktitle = {International Conference on Learning Representations},
  year = {2020}
}""",
    "gupta2019": """@inproceedings{gupta2019,
  author = {Agrim Gupta and Piotr Doll{\\'a}r and Ross Girshick},
  title = {{LVIS}: A Dataset for Large Vocabulary Instance Segmentation},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2019}
}""",
    "ren2020": """@inproceedings{ren2020,
  author = {Ren, Jiawei and Yu, Cunjun and Sheng, Shunan and Ma, Xiao and Zhao, Haiyu
    and Yi, Shuai and Li, Hongsheng},
  title = {Balanced Meta-Softmax for Long-Tailed Visual Recognition},
  booktitle = {Advances in Neural Information Processing Systems 33},
  year = {2020}
}""",
    "kini2021": """@inproceedings{kini2021,
  author = {Kini, Ganesh Ramachandra and Paraskevas, Orestis and Oymak, Samet and
    Thrampoulidis, Christos},
  title = {Label-Imbalanced and Group-Sensitive Classification under
    Overparameterization},
  booktitle = {Advances in Neural Information Processing Systems 34},
  year = {2021}
}""",
    "cao2019": """@inproceedings{cao2019,
  author = {Cao, Kaidi and Wei, Colin and Gaidon, Adrien and Arechiga, Nikos and Ma,
    Tengyu},
  title = {Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss},
  booktitle = {Advances in Neural Information Processing Systems 32},
  year = {2019}
}""",
    "leng2022": """@inproceedings{leng2022,
  author = {Leng, Zhaoqi and Tan, Mingxing and Liu, Chenxi and Cubuk, Ekin Dogus and
    Shi, Xiaojie and Cheng, Shuyang and Anguelov, Dragomir},
  title = {{PolyLoss}: A Polynomial Expansion Perspective of Classification Loss
    Functions},
  booktitle = {International Conference on Learning Representations},
  year = {2022}
}""",
    "ridnik2021": """@inproceedings{ridnik2021,
  author = {Ridnik, Tal and Ben-Baruch, Emanuel and Zamir, Nadav and Noy, Asaf and
    Friedman, Itamar and Protter, Matan and Zelnik-Manor, Lihi},
  title = {Asymmetric Loss For Multi-Label Classification},
  booktitle = {Proceedings of the IEEE/CVF International Conference on Computer Vision},
  year = {2021}
}""",
    "joachims2005": """@inproceedings{joachims2005,
  author = {Joachims, Thorsten},
  title = {A Support Vector Method for Multivariate Performance Measures},
  booktitle = {Proceedings of the 22nd International Conference on Machine Learning},
  year = {2005}
}""",
    "gao2015": """@inproceedings{gao2015,
  author = {Gao, Wei and Zhou, Zhi-Hua},
  title = {On the Consistency of {AUC} Pairwise Optimization},
  booktitle = {Proceedings of the 24th International Joint Conference on
    Artificial Intelligence},
  year = {2015}
}""",
    "yang2021": """@inproceedings{yang2021,
  author = {Yang, Zhiyong and Xu, Qianqian and Bao, Shilong and He, Yuan and Cao,
    Xiaochun and Huang, Qingming},
  title = {When All We Need is a Piece of the Pie: A Generic Framework for
    Optimizing Two-way Partial {AUC}},
  booktitle = {Proceedings of the 38th International Conference on Machine Learning},
  year = {2021}
}""",
    "qi2021": """@inproceedings{qi2021,
  author = {Qi, Qi and Luo, Youzhi and Xu, Zhao and Ji, Shuiwang and Yang, Tianbao},
  title = {Stochastic Optimization of Areas Under Precision-Recall Curves with
    Provable Convergence},
  booktitle = {Advances in Neural Information Processing Systems 34},
  year = {2021}
}""",
    "eban2017": """@inproceedings{eban2017,
  author = {Eban, Elad and Schain, Mariano and Mackey, Alan and Gordon, Ariel and
    Rifkin, Ryan and Elidan, Gal},
  title = {Scalable Learning of Non-Decomposable Objectives},
  booktitle = {Proceedings of the 20th International Conference on Artificial
    Intelligence and Statistics},
  year = {2017}
}""",
    "milletari2016": """@inproceedings{milletari2016,
  author = {Milletari, Fausto and Navab, Nassir and Ahmadi, Seyed-Ahmad},
  title = {{V-Net}: Fully Convolutional Neural Networks for Volumetric Medical Image
    Segmentation},
  booktitle = {2016 Fourth International Conference on 3D Vision},
  year = {2016}
}""",
    "salehi2017": """@inproceedings{salehi2017,
  author = {Salehi, Seyed Sadegh Mohseni and Erdogmus, Deniz and Gholipour, Ali},
  title = {Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional
    Deep Networks},
  booktitle = {Machine Learning in Medical Imaging},
  year = {2017}
}""",
    "pastor2013": """@inproceedings{pastor2013,
  author = {Pastor-Pellicer, Joan and Zamora-Martinez, Francisco and
    Espana-Boquera, Salvador and Castro-Bleda, Maria Jose},
  title = {{F}-Measure as the Error Function to Train Neural Networks},
  booktitle = {Advances in Computational Intelligence},
  year = {2013}
}""",
    "rust2023": """@misc{rust2023,
  author = {Kyle R. Rust and Toby Dylan Hocking},
  title = {A Log-linear Gradient Descent Algorithm for Unbalanced Binary
    Classification using the All Pairs Squared Hinge Loss},
  year = {2023},
  eprint = {2302.11062},
  archivePrefix = {arXiv}
}""",
    "ying2016": """@inproceedings{ying2016,
  author = {Yiming Ying and Longyin Wen and Siwei Lyu},
  title = {Stochastic Online {AUC} Maximization},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {29},
  year = {2016}
}""",
    "yuan2021": """@inproceedings{yuan2021,
  author = {Zhuoning Yuan and Yan Yan and Milan Sonka and Tianbao Yang},
  title = {Large-scale Robust Deep {AUC} Maximization: A New Surrogate Loss and
    Empirical Studies on Medical Image Classification},
  booktitle = {IEEE/CVF International Conference on Computer Vision},
  pages = {3040--3049},
  year = {2021}
}""",
    "breiman1996": """@article{breiman1996,
  author = {Leo Breiman},
  title = {Bagging Predictors},
  journal = {Machine Learning},
  volume = {24},
  number = {2},
  pages = {123--140},
  year = {1996}
}""",
    "breiman_stacked1996": """@article{breiman_stacked1996,
  author = {Leo Breiman},
  title = {Stacked Regressions},
  journal = {Machine Learning},
  volume = {24},
  number = {1},
  pages = {49--64},
  year = {1996}
}""",
    "caruana2004": """@inproceedings{caruana2004,
  author = {Rich Caruana and Alexandru Niculescu-Mizil and Geoff Crew and Alex Ksikes},
  title = {Ensemble Selection from Libraries of Models},
  booktitle = {International Conference on Machine Learning},
  year = {2004}
}""",
    "genest1986": """@article{genest1986,
  author = {Christian Genest and James V. Zidek},
  title = {Combining Probability Distributions: A Critique and an Annotated
    Bibliography},
  journal = {Statistical Science},
  volume = {1},
  number = {1},
  pages = {114--135},
  year = {1986}
}""",
    "barandela2003": """@article{barandela2003,
  author = {Ricardo Barandela and Rosa Maria Valdovinos and Jos{\\'e} Salvador
    S{\\'a}nchez},
  title = {New Applications of Ensembles of Classifiers},
  journal = {Pattern Analysis and Applications},
  volume = {6},
  number = {3},
  pages = {245--256},
  year = {2003}
}""",
    "breiman1984": """@misc{breiman1984,
  author = {Leo Breiman and Jerome H. Friedman and Richard A. Olshen and Charles J.
    Stone},
  title = {Classification and Regression Trees},
  howpublished = {Wadsworth},
  year = {1984}
}""",
    "provost2003": """@article{provost2003,
  author = {Foster Provost and Pedro Domingos},
  title = {Tree Induction for Probability-Based Ranking},
  journal = {Machine Learning},
  volume = {52},
  number = {3},
  pages = {199--215},
  year = {2003}
}""",
    "freund1997": """@article{freund1997,
  author = {Yoav Freund and Robert E. Schapire},
  title = {A Decision-Theoretic Generalization of On-Line Learning and an Application
    to Boosting},
  journal = {Journal of Computer and System Sciences},
  volume = {55},
  number = {1},
  pages = {119--139},
  year = {1997}
}""",
    "zhu2009": """@article{zhu2009,
  author = {Ji Zhu and Hui Zou and Saharon Rosset and Trevor Hastie},
  title = {Multi-class {AdaBoost}},
  journal = {Statistics and Its Interface},
  volume = {2},
  number = {3},
  pages = {349--360},
  year = {2009}
}""",
    "liu2009": """@article{liu2009,
  author = {Xu-Ying Liu and Jianxin Wu and Zhi-Hua Zhou},
  title = {Exploratory Undersampling for Class-Imbalance Learning},
  journal = {IEEE Transactions on Systems, Man, and Cybernetics, Part B},
  volume = {39},
  number = {2},
  pages = {539--550},
  year = {2009}
}""",
    "liu2020": """@inproceedings{liu2020,
  author = {Zhining Liu and Wei Cao and Zhifeng Gao and Jiang Bian and Hechang Chen and
    Yi Chang and Tie-Yan Liu},
  title = {Self-paced Ensemble for Highly Imbalanced Massive Data Classification},
  booktitle = {IEEE 36th International Conference on Data Engineering},
  pages = {841--852},
  year = {2020}
}""",
    "seiffert2010": """@article{seiffert2010,
  author = {Chris Seiffert and Taghi M. Khoshgoftaar and Jason {Van Hulse} and Amri
    Napolitano},
  title = {{RUSBoost}: A Hybrid Approach to Alleviating Class Imbalance},
  journal = {IEEE Transactions on Systems, Man, and Cybernetics, Part A},
  volume = {40},
  number = {1},
  pages = {185--197},
  year = {2010}
}""",
    "chawla2003": """@inproceedings{chawla2003,
  author = {Nitesh V. Chawla and Aleksandar Lazarevic and Lawrence O. Hall and Kevin W.
    Bowyer},
  title = {{SMOTEBoost}: Improving Prediction of the Minority Class in Boosting},
  booktitle = {European Conference on Principles of Data Mining and Knowledge
    Discovery},
  pages = {107--119},
  year = {2003}
}""",
    "geurts2006": """@article{geurts2006,
  author = {Pierre Geurts and Damien Ernst and Louis Wehenkel},
  title = {Extremely Randomized Trees},
  journal = {Machine Learning},
  volume = {63},
  number = {1},
  pages = {3--42},
  year = {2006}
}""",
    "liu2008": """@inproceedings{liu2008,
  author = {Fei Tony Liu and Kai Ming Ting and Zhi-Hua Zhou},
  title = {Isolation Forest},
  booktitle = {Eighth IEEE International Conference on Data Mining},
  pages = {413--422},
  year = {2008}
}""",
    "ruff2020": """@inproceedings{ruff2020,
  author = {Lukas Ruff and Robert A. Vandermeulen and Nico G{\\"o}rnitz and Alexander
    Binder and Emmanuel M{\\"u}ller and Klaus-Robert M{\\"u}ller and Marius Kloft},
  title = {Deep Semi-Supervised Anomaly Detection},
  booktitle = {International Conference on Learning Representations},
  year = {2020}
}""",
    "pang2019": """@inproceedings{pang2019,
  author = {Guansong Pang and Chunhua Shen and Anton van den Hengel},
  title = {Deep Anomaly Detection with Deviation Networks},
  booktitle = {Proceedings of the 25th ACM SIGKDD International Conference on Knowledge
    Discovery and Data Mining},
  pages = {353--362},
  year = {2019}
}""",
    "hinton2006": """@article{hinton2006,
  author = {Geoffrey E. Hinton and Ruslan R. Salakhutdinov},
  title = {Reducing the Dimensionality of Data with Neural Networks},
  journal = {Science},
  volume = {313},
  number = {5786},
  pages = {504--507},
  year = {2006}
}""",
    "ke2017": """@inproceedings{ke2017,
  author = {Guolin Ke and Qi Meng and Thomas Finley and Taifeng Wang and Wei Chen and
    Weidong Ma and Qiwei Ye and Tie-Yan Liu},
  title = {{LightGBM}: A Highly Efficient Gradient Boosting Decision Tree},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {30},
  year = {2017}
}""",
    "chen2016": """@inproceedings{chen2016,
  author = {Tianqi Chen and Carlos Guestrin},
  title = {{XGBoost}: A Scalable Tree Boosting System},
  booktitle = {Proceedings of the 22nd ACM SIGKDD International Conference on Knowledge
    Discovery and Data Mining},
  pages = {785--794},
  year = {2016}
}""",
    "prokhorenkova2018": """@inproceedings{prokhorenkova2018,
  author = {Liudmila Prokhorenkova and Gleb Gusev and Aleksandr Vorobev and Anna
    Veronika Dorogush and Andrey Gulin},
  title = {{CatBoost}: unbiased boosting with categorical features},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {31},
  year = {2018}
}""",
    "pedregosa2011": """@article{pedregosa2011,
  author = {Fabian Pedregosa and others},
  title = {Scikit-learn: Machine Learning in {Python}},
  journal = {Journal of Machine Learning Research},
  volume = {12},
  pages = {2825--2830},
  year = {2011}
}""",
}


def bibtex(keys: Iterable[str]) -> str:
    """Return the sources of some keys, each once, as BibTeX.

    Example:
        >>> print(bibtex(["breiman1996"]).splitlines()[0])
        @article{breiman1996,
    """
    return "\n\n".join(SOURCES[key] for key in dict.fromkeys(keys))
